# Flags and attributes, the first two parts of a scan: what lsattr says, and getfattr's dump in hex. Writes the file
# `attributes` (per entry, sorted) and one file per distinct set of them in dir/dump, so that equal sets are hashed only
# once; join.awk finds the number of an entry's set in extra, and its flags in flags.
BEGIN {
  for (n = 1; n < 256; n++) odd[sprintf("%c", n)] = (n > 32 && n < 127) ? "" : sprintf("\\%03o", n)
}

# getfattr escapes backslash, newline and carriage return as \ooo, and leaves the other odd bytes as they are.
function encoded(name,    out, i, c) {
  if (name !~ /[^!-~]/) return name
  out = ""
  for (i = 1; i <= length(name); i++) {
    c = substr(name, i, 1)
    out = out (odd[c] == "" ? c : odd[c])
  }
  return out
}

function flush(    i, j, line, text) {
  if (path == "") return
  for (i = 2; i <= count; i++) {
    line = attr[i]
    for (j = i - 1; j > 0 && attr[j] > line; j--) attr[j + 1] = attr[j]
    attr[j + 1] = line
  }
  text = ""
  for (i = 1; i <= count; i++) text = text attr[i] "\n"
  if (text != "") printf "# %s\n%s", path, text > attributes
  if (path in flags) {
    text = text "flags=" flags[path] "\n"
    noted[path] = 1
  }
  note(path, text)
  path = ""
}

function note(name, text) {
  if (text == "") return
  if (!(text in set)) {
    set[text] = ++sets
    printf "%s", text > (dir "/dump/" sets)
    close(dir "/dump/" sets)
  }
  extra[name] = set[text]
}

# Immutable and append-only count; there are hardly ever any.
part == "flags" {
  if ($1 ~ /[ia]/) {
    gsub(/[^ia]/, "", $1)
    flags[$2] = $1
  }
  next
}
part == "getfattr" {
  if (index($0, "# file: ") == 1) {
    flush()
    path = encoded(substr($0, 9))
    count = 0
  } else if ($0 != "") attr[++count] = encoded($0) (index($0, "=") ? "" : "=")
  next
}
!flushed {
  flushed = 1
  flush()
  for (name in flags) if (!(name in noted)) note(name, "flags=" flags[name] "\n")
}
