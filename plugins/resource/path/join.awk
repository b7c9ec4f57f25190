# Puts the parts of a scan together (scan.sh names them), after xattrs.awk: one line of fifteen columns per entry, and in
# dir/public the eleven of a manifest. A set of attributes stands in it as @NUMBER.
BEGIN { for (n = 0; n < 16; n++) hex[sprintf("%x", n)] = n
  kind["8"] = "f"; kind["4"] = "d"; kind["a"] = "l"; kind["1"] = "p"; kind["c"] = "s"; kind["6"] = "b"; kind["2"] = "c" }

function number(text,    i, n) {
  n = 0
  for (i = 1; i <= length(text); i++) n = n * 16 + hex[substr(text, i, 1)]
  return n
}

function broken(why) {
  print why > "/dev/stderr"
  exit 1
}

part == "hashes" { content[$2] = $1; next }
part == "targets" { target[$2] = $1; next }
# Twins: the bytewise smallest path of each inode that has more than one name here.
part == "twins" {
  if (NF != 11) broken("the tree changed while it was read")
  if (substr($1, 1, 1) == "8" && $7 > 1) {
    names[$8]++
    if (!($8 in first) || ($11 "") < first[$8]) first[$8] = $11 ""
  }
  next
}
{
  type = kind[substr($1, 1, 1)]
  path = $11
  size = mtime = data = twin = other = link = "-"
  if (type == "f") {
    size = $4
    data = content[path]
    if (data !~ /^[0-9a-f]+$/) broken("a file went away while it was read")
    if (names[$8] > 1) twin = first[$8]
  }
  if (type == "l" && (link = target[path]) == "") broken("a link went away while it was read")
  if (type == "b" || type == "c") data = number($9) ":" number($10)
  if (type != "l" && type != "s") mtime = $5
  if (extras != "yes") other = "?"
  else if (path in extra) other = "@" extra[path]
  before = sprintf("%s %04o %s %s %s", type, number(substr($1, 2)), $2, $3, size)
  after = data " " twin " " other " " path " " link
  print before, mtime, after, $6, $7, $8, (path in flags) ? flags[path] : "-"
  sub(/\..*/, "", mtime)
  print before, mtime, after > (dir "/public")
}
