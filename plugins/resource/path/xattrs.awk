# First file: "FLAGS PATH" lines; second: getfattr's dump in hex. Writes dir/xattrs (per entry, sorted), one file per
# distinct set of attributes in dir/dump, and dir/extra with "SET PATH" lines. Equal sets are hashed only once.
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
  if (text != "") printf "# %s\n%s", path, text > (dir "/xattrs")
  if (path in flags) {
    text = text "flags=" flags[path] "\n"
    delete flags[path]
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
  print set[text], name > (dir "/extra")
}

FILENAME ~ /\/flags$/ { flags[$2] = $1; next }
/^# file: / { flush(); path = encoded(substr($0, 9)); count = 0; next }
/=/ { attr[++count] = encoded($0); next }
/./ { attr[++count] = encoded($0) "=" }
END {
  flush()
  for (name in flags) note(name, "flags=" flags[name] "\n")
}
