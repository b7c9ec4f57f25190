# First file: the package's list (TYPE MODE SHA256 PATH TARGET, paths relative), second: the host's full scan. ROOT in the
# environment is the encoded directory. Writes the lists that compare.sh names.
function out(name, text) { print text > (dir "/" name) }
# Not by a pattern: awks do not agree on what a backslash in brackets is.
function parent(path,    part, n) {
  n = split(path, part, "/")
  return substr(path, 1, length(path) - length(part[n]) - 1)
}
function want(path, type, mode, sum, link) {
  if (!(path in wtype)) order[++wants] = path
  # As strings: digests must not be compared as numbers.
  wtype[path] = type; wmode[path] = mode ""; wsum[path] = sum ""; wlink[path] = link ""
}
BEGIN {
  root = ENVIRON["ROOT"]
  want(root, "d", dirmode == "" ? "" : dirmode, "-", "-")
}

FILENAME == ARGV[1] {
  if ($4 == ".") next
  n = split($4, part, "/")
  path = root
  for (i = 1; i < n; i++) {
    path = path "/" part[i]
    if (!(path in wtype)) want(path, "d", dirmode == "" ? "0755" : dirmode, "-", "-")
  }
  want(root "/" $4, $1, ($1 == "d" && dirmode != "") ? dirmode : $2, $3, $5)
  line[root "/" $4] = $0
  next
}
$1 != "-" {
  now[++nows] = $10
  ntype[$10] = $1; nmode[$10] = $2 ""; nuid[$10] = $3; ngid[$10] = $4; nsum[$10] = $7 ""; nlink[$10] = $11 ""
}

# What stands in the way goes, whatever it is: it is all in the snapshot.
function remove(path) {
  if (path in gone) return
  gone[path] = 1
  out(ntype[path] == "d" ? "rmdir" : "rm", path)
  if (!(parent(path) in gone)) out("sync_dirs", parent(path))
}

END {
  for (i = 1; i <= nows; i++) {
    path = now[i]
    if (parent(path) in gone) remove(path)
    else if (!(path in wtype)) {
      if (purge == "true") remove(path)
    } else if ((ntype[path] == "d") != (wtype[path] == "d")) remove(path)
    if ((path in gone) && !(path in wtype)) out("items", "removed - " nsum[path] " " path)
  }
  for (i = 1; i <= wants; i++) {
    path = order[i]
    there = (path in ntype) && !(path in gone)
    class = "unchanged"
    if (!there) class = (path in ntype) ? "changed" : "new"
    else if (ntype[path] != wtype[path] || wtype[path] == "f" && nsum[path] != wsum[path] || \
      wtype[path] == "l" && nlink[path] != wlink[path]) { class = "changed"; there = 0 }
    if (!there) {
      out("sync_dirs", parent(path))
      if (wtype[path] == "d") out("mkdir", path)
      else {
        out("part", line[path])
        out("place", parent(path) " " path)
      }
    }
    if (wtype[path] != "l" && wmode[path] != "" && (!there || nmode[path] != wmode[path])) {
      if (wtype[path] == "d" || there) out("modes", "0" wmode[path] " " path)  # five digits: chmod clears set-id bits of directories, too
      if (class == "unchanged") class = "changed"
    }
    if (uid gid != "" && (!there || (uid != "" && nuid[path] != uid) || (gid != "" && ngid[path] != gid))) {
      out("owned", path)
      if (class == "unchanged") class = "changed"
    }
    out("items", class " " wsum[path] " " ((path in nsum) ? nsum[path] : "-") " " path)
  }
}
