# What must be done to a tree to make it equal to its snapshot. First file: the snapshot's full scan, second: the present
# one (both sorted by path; columns as in scan.sh). gnu=yes: tar can bring back whole directories exactly.
# Writes lists of encoded paths into dir:
#   unflag  present entries with flags         rm, rmdir  what is too much (directories deepest first)
#   take    what to take out of the archive    want       the snapshot lines of files that must come out right
#   top     missing directories, whole         put        other entries to rename into place
#   mkdir   missing directories, gnu=no        symlink    "TARGET UID:GID PATH": links to make
#   inplace files to write through, because    link       "KEEPER PATH": names of a file that is there already
#           a name outside of the tree shares them
#   own, mode, time, xattr  "VALUE PATH" for entries that stay, not directories ("PATH" for xattr)
#   dirs    "UID:GID MODE MTIME XATTR PATH" for directories, deepest first; "-" = leave
#   flag    "FLAGS PATH" of the snapshot
# INSIDE in the environment: the directory in which the staging directory stands, if that is part of the tree.
# Not by a pattern: awks do not agree on what a backslash in brackets is.
function parent(path,    part, n) {
  n = split(path, part, "/")
  return substr(path, 1, length(path) - length(part[n]) - 1)
}
function out(name, text) { print text > (dir "/" name); work = 1 }
# As strings: digests and times must not be compared as numbers.
function load(side, path,    i) {
  for (i = 1; i <= 15; i++) at[side, path, i] = $i ""
}
function same(path, column) { return at["s", path, column] == at["n", path, column] }
function group(path) { return at["s", path, 8] == "-" ? path : at["s", path, 8] }
function soil(path) { dirty[path] = 1 }  # its list of names changes, and its time with it

FNR == NR { snap[++snaps] = $10; load("s", $10); next }
{ now[++nows] = $10; load("n", $10) }

# Content is as it was, whatever inode it lives in.
function alike(path,    type) {
  type = at["s", path, 1]
  if (type != at["n", path, 1]) return 0
  if (type == "f") return same(path, 5) && same(path, 7)
  if (type == "l") return same(path, 11)
  return same(path, 7)
}

# Each present inode can serve one file of the snapshot (with all its names); the file that had it then comes first.
function give_inodes(    i, path, pass, inode) {
  for (pass = 1; pass <= 2; pass++)
    for (i = 1; i <= snaps; i++) {
      path = snap[i]
      if (at["s", path, 1] != "f" || !alike(path)) continue
      inode = at["n", path, 14]
      if (!(inode in owner) && (pass == 2 || same(path, 14))) owner[inode] = group(path)
      if (owner[inode] == group(path) && !(group(path) in keeper)) keeper[group(path)] = path
    }
}
function stays(path,    lead) {
  if (!alike(path)) return 0
  if (at["s", path, 1] != "f") return 1
  lead = group(path)
  return (lead in keeper) && at["n", path, 14] == at["n", keeper[lead], 14]
}

function clear(    i, path, type, was) {
  for (i = nows; i >= 1; i--) {
    path = now[i]
    type = at["n", path, 1]
    was = at["s", path, 1]
    if (type == "-") continue
    if ((type == "d") == (was == "d") && was != "" && (was != "s" || type == "s")) continue
    out(type == "d" ? "rmdir" : "rm", path)
    soil(parent(path))
  }
}

function directories(    i, path) {
  for (i = 1; i <= snaps; i++) {
    path = snap[i]
    if (at["s", path, 1] != "d" || at["n", path, 1] == "d") continue
    if (gnu != "yes") {
      soil(parent(path))
      made[path] = 1
      out("mkdir", path)
      continue
    }
    missing[path] = 1
    if (parent(path) in missing) continue
    soil(parent(path))
    out("top", path)
    out("take", path)
  }
}

function files(    i, path, type, lead) {
  for (i = 1; i <= snaps; i++) {
    path = snap[i]
    type = at["s", path, 1]
    if (type == "f") members[group(path)]++
    if (type == "f" && (parent(path) in missing)) torn[group(path)] = 1
  }
  for (i = 1; i <= snaps; i++) {
    path = snap[i]
    type = at["s", path, 1]
    if (type == "d" || type == "s" || stays(path)) continue
    lead = group(path)
    if (type == "f" && (lead in keeper)) {
      out("link", keeper[lead] " " path)
      soil(parent(path))
      continue
    }
    if (type == "l" && !(parent(path) in missing)) {
      out("symlink", at["s", path, 11] " " at["s", path, 3] ":" at["s", path, 4] " " path)
      soil(parent(path))
      continue
    }
    torn[lead] = 1
    if (type == "f") wanted[path] = 1
    if (parent(path) in missing) continue
    if (type == "f" && at["n", path, 1] == "f" && same(path, 14) && at["s", path, 13] > members[lead]) {
      out("inplace", path)
      through[path] = 1
    } else {
      out("put", path)
      soil(parent(path))
    }
  }
  # A name in the archive may stand for another name of the same file: take all names of a file or none.
  for (i = 1; i <= snaps; i++) {
    path = snap[i]
    type = at["s", path, 1]
    if (type != "d" && type != "s" && (group(path) in torn) && !(parent(path) in missing)) out("take", path)
    if (type == "f" && ((path in wanted) || (parent(path) in missing))) print line_of(path) > (dir "/want")
  }
}
function line_of(path,    i, text) {
  text = at["s", path, 1]
  for (i = 2; i <= 15; i++) text = text " " at["s", path, i]
  return text
}

function metadata(    i, path, type, own, xattr, mode, time, moved) {
  for (i = snaps; i >= 1; i--) {
    path = snap[i]
    type = at["s", path, 1]
    if (type == "d" && (path in missing)) {
      if (!(parent(path) in missing) || (path in dirty)) out("dirs", "- " at["s", path, 2] " " at["s", path, 6] " - " path)
      continue
    }
    if (path in made) {
      xattr = at["s", path, 9] ~ /^[-?]$/ ? "-" : "yes"
      out("dirs", at["s", path, 3] ":" at["s", path, 4] " " at["s", path, 2] " " at["s", path, 6] " " xattr " " path)
      continue
    }
    if (at["n", path, 1] != type || (type != "d" && !(path in through) && !stays(path))) continue
    moved = !same(path, 3) || !same(path, 4)
    own = moved ? at["s", path, 3] ":" at["s", path, 4] : "-"
    if (type == "l") {
      if (moved) out("own", own " " path)
      continue
    }
    xattr = (!same(path, 9) || ((moved || (path in through)) && at["s", path, 9] !~ /^[-?]$/)) ? "yes" : "-"
    mode = (moved || xattr == "yes" || !same(path, 2) || (path in through)) ? at["s", path, 2] : "-"
    time = (!same(path, 6) || (path in through) || (path in dirty)) ? at["s", path, 6] : "-"
    if (type == "d") {
      if (own != "-" || mode != "-" || time != "-" || xattr != "-") out("dirs", own " " mode " " time " " xattr " " path)
      continue
    }
    if (own != "-") out("own", own " " path)
    if (mode != "-") out("mode", mode " " path)
    if (time != "-") out("time", time " " path)
    if (xattr != "-") out("xattr", path)
  }
}

function flag_of(side, path) { return at[side, path, 15] ~ /[ia]/ ? at[side, path, 15] : "-" }

# Flags come off before anything is touched and go on again at the very end.
function flags(    i) {
  for (i = 1; i <= nows; i++) if (flag_of("n", now[i]) != flag_of("s", now[i])) work = 1
  if (!work) return
  for (i = 1; i <= nows; i++) if (flag_of("n", now[i]) != "-") out("unflag", now[i])
  for (i = 1; i <= snaps; i++) if (flag_of("s", snap[i]) != "-") out("flag", flag_of("s", snap[i]) " " snap[i])
}

END {
  give_inodes()
  clear()
  directories()
  files()
  if (work && ENVIRON["INSIDE"] != "") soil(ENVIRON["INSIDE"])
  metadata()
  flags()
}
