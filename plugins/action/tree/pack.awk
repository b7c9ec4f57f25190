# A tar archive in pieces, so that many files get their names by one tar and not each by a program of its own. Input: the
# sizes of the files, then "SHA256 PATH" of each (relative, encoded), both in the same order. Writes the headers into dir/1,
# dir/2 … and prints what the archive consists of, one piece a line: header, content from `store`, header, …, end.
BEGIN {
  for (n = 1; n < 256; n++) number[sprintf("%c", n)] = n
  for (n = 1; n < 256; n++) byte[sprintf("%03o", n)] = sprintf("%c", n)
}

# By hand, because awks do not agree on large numbers in %o.
function octal(value, width,    text) {
  text = ""
  while (length(text) < width) {
    text = value % 8 text
    value = int(value / 8)
  }
  return text
}

# A NUL can be printed, but not be part of a string.
function zeros(count, file) {
  for (; count >= 16; count -= 16) printf "%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 > file
  for (; count > 0; count--) printf "%c", 0 > file
}

function decoded(path,    text, at) {
  text = ""
  while ((at = index(path, "\\")) > 0) {
    text = text substr(path, 1, at - 1) byte[substr(path, at + 1, 3)]
    path = substr(path, at + 4)
  }
  return text path
}

# The fixed fields are digits and NULs, except for eight spaces in place of the sum itself.
function header(name, size, type, file,    digits, sum, i) {
  digits = "0000600" "0000000" "0000000" octal(size, 11) "00000000000"
  sum = number[type] + 8 * number[" "] + number["u"] + number["s"] + number["t"] + number["a"] + number["r"] + 2 * number[" "]
  for (i = 1; i <= length(digits); i++) sum += number[substr(digits, i, 1)]
  for (i = 1; i <= length(name); i++) sum += number[substr(name, i, 1)]
  printf "%s", name > file
  zeros(100 - length(name), file)
  printf "0000600%c0000000%c0000000%c%s%c00000000000%c%s%c %s", 0, 0, 0, octal(size, 11), 0, 0, octal(sum, 6), 0, type > file
  zeros(100, file)
  printf "ustar  %c", 0 > file
  zeros(247, file)
}

function fill(size, file) { zeros((512 - size % 512) % 512, file) }

part == "sizes" { size[++sizes] = $1; next }
{
  file = dir "/" (++files)
  fill(before, file)
  # The size field has eleven digits.
  if (size[files] !~ /^[0-9]+$/ || size[files] >= 8589934592) exit failed = 1
  name = decoded($2)
  if (length(name) > 100) {
    header("././@LongLink", length(name) + 1, "L", file)
    printf "%s", name > file
    zeros(1, file)
    fill(length(name) + 1, file)
  }
  header(substr(name, 1, 100), size[files], "0", file)
  close(file)
  before = size[files]
  print file
  print store "/" $1
}
END {
  if (failed || files != sizes) exit 1
  fill(before, dir "/end")
  zeros(1024, dir "/end")
  print dir "/end"
}
