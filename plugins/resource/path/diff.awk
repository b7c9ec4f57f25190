# What must be done to a tree to make it equal to its snapshot. First file: the snapshot's full scan, second: the present
# one (both sorted by path; columns as in scan.sh). gnu=yes: tar can bring back whole directories exactly.
# Writes lists of encoded paths into dir:
#   unflag  present entries with flags         rm, rmdir  what is too much (directories deepest first)
#   take    what to take out of the archive    want       the snapshot lines of files that must come out right
#   top     missing directories, whole         put        "PARENT PATH": other entries to rename into place
#   mkdir   missing directories, gnu=no        symlink    "TARGET PATH": links to make
#   inplace files to write through, because    link       "KEEPER PATH": names of a file that is there already
#           a name outside of the tree shares them
#   own, mode, time, xattr  "VALUE PATH" for entries that are in place then ("PATH" for xattr)
#   closed  "MODE PATH" for directories that may be closed to their owner, deepest first
#   flag    "FLAGS PATH" of the snapshot
# INSIDE in the environment: the directory in which the staging directory stands, if that is part of the tree.
# Not by a pattern: awks do not agree on what a backslash in brackets is.
function parent(path,    part, last) {
  last = split(path, part, "/")
  return substr(path, 1, length(path) - length(part[last]) - 1)
}
function out(name, text) { print text > (dir "/" name); work = 1 }
# Column i of an entry, as a string: digests and times must not be compared as numbers. Lines are split when they are asked
# for, because some awks are slow with hundreds of thousands of elements.
function s(path, i) {
  if (path != s_path) {
    split(line[path], s_part, " ")
    s_path = path
  }
  return s_part[i] ""
}
function n(path, i) {
  if (path != n_path) {
    split(present[path], n_part, " ")
    n_path = path
  }
  return n_part[i] ""
}
function same(path, column) { return s(path, column) == n(path, column) }
# Names that were one inode. A file has its first name for it; whatever else is no directory has its inode's number.
function group(path) {
  if (s(path, 1) != "f") return s(path, 14)
  return s(path, 8) == "-" ? path : s(path, 8)
}
# Directories have one name, and a socket is never made anew here.
function inodes_count(type) { return type != "d" && type != "s" }
function soil(path) { dirty[path] = 1 }  # its list of names changes, and its time with it

# A file whose line is the same to the last column, change time and inode included, was not touched; there is nothing
# more to ask about it unless it has other names or flags. Most of a tree is like that, so the rest may be slow.
FNR == NR { all[++alls] = $10; line[$10] = $0; next }
$1 != "d" && $8 == "-" && $15 == "-" && line[$10] == $0 { untouched[$10] = 1; next }
{ now[++nows] = $10; present[$10] = $0 }

function list_rest(    i) {
  for (i = 1; i <= alls; i++) {
    if (!(all[i] in untouched)) snap[++snaps] = all[i]
  }
}

# Content is as it was, whatever inode it lives in.
function alike(path,    type) {
  type = s(path, 1)
  if (type != n(path, 1)) return 0
  if (type == "f") return same(path, 5) && same(path, 7)
  if (type == "l") return same(path, 11)
  return same(path, 7)
}

# Each present inode can serve one file, FIFO, device or link of the snapshot (with all its names); the one that had it
# then comes first.
function give_inodes(    i, path, pass, inode) {
  for (pass = 1; pass <= 2; pass++)
    for (i = 1; i <= snaps; i++) {
      path = snap[i]
      if (!inodes_count(s(path, 1)) || !alike(path)) continue
      inode = n(path, 14)
      if (!(inode in owner) && (pass == 2 || same(path, 14))) owner[inode] = group(path)
      if (owner[inode] == group(path) && !(group(path) in keeper)) {
        keeper[group(path)] = path
        kept[group(path)] = inode
      }
    }
}
function stays(path,    lead) {
  if (!alike(path)) return 0
  if (!inodes_count(s(path, 1))) return 1
  lead = group(path)
  return (lead in keeper) && n(path, 14) == kept[lead]
}

function clear(    i, path, type, was) {
  for (i = nows; i >= 1; i--) {
    path = now[i]
    type = n(path, 1)
    was = s(path, 1)
    if (type == "-") continue
    if ((type == "d") == (was == "d") && was != "" && (was != "s" || type == "s")) continue
    out(type == "d" ? "rmdir" : "rm", path)
    soil(parent(path))
  }
}

function directories(    i, path) {
  for (i = 1; i <= snaps; i++) {
    path = snap[i]
    if (s(path, 1) != "d" || n(path, 1) == "d") continue
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
    type = s(path, 1)
    if (!inodes_count(type)) continue
    members[group(path)]++
    if (parent(path) in missing) torn[group(path)] = 1
  }
  for (i = 1; i <= snaps; i++) {
    path = snap[i]
    type = s(path, 1)
    if (!inodes_count(type) || stays(path)) continue
    lead = group(path)
    if (type != "l" && (lead in keeper)) {
      out("link", keeper[lead] " " path)
      soil(parent(path))
      continue
    }
    if (type == "l" && !(parent(path) in missing)) {
      out("symlink", s(path, 11) " " path)
      chown(path)
      soil(parent(path))
      continue
    }
    torn[lead] = 1
    if (type == "f") wanted[path] = 1
    if (parent(path) in missing) continue
    if (type == "f" && n(path, 1) == "f" && same(path, 14) && s(path, 13) > members[lead]) {
      out("inplace", path)
      through[path] = 1
    } else {
      out("put", parent(path) " " path)
      placed[path] = 1
      soil(parent(path))
    }
  }
  # A name in the archive may stand for another name of the same inode: take all its names or none.
  for (i = 1; i <= snaps; i++) {
    path = snap[i]
    type = s(path, 1)
    if (inodes_count(type) && (group(path) in torn) && !(parent(path) in missing)) out("take", path)
    if (type == "f" && ((path in wanted) || (parent(path) in missing))) print line[path] > (dir "/want")
  }
}
# Five digits: with four, GNU chmod leaves the set-id bits of a directory as they are.
function chmod(path) {
  out((s(path, 1) == "d" && substr(s(path, 2), 2, 1) != "7") ? "closed" : "mode", "0" s(path, 2) " " path)
}
function touch(path) { out("time", s(path, 6) " " path) }
function chown(path) { out("own", s(path, 3) ":" s(path, 4) " " path) }

function metadata(    i, path, type, moved, attributes) {
  for (i = snaps; i >= 1; i--) {
    path = snap[i]
    type = s(path, 1)
    if (type == "d" && (path in missing)) {
      # Whatever was put into it after tar had set its time.
      if (!(parent(path) in missing) || (path in dirty)) {
        chmod(path)
        touch(path)
      }
      continue
    }
    if ((path in made) || gnu != "yes" && (path in placed)) {
      chown(path)
      if ((path in made) && s(path, 9) !~ /^[-?]$/) out("xattr", path)
      chmod(path)
      touch(path)
      continue
    }
    if (n(path, 1) != type || (type != "d" && !(path in through) && !stays(path))) continue
    moved = !same(path, 3) || !same(path, 4)
    if (moved) chown(path)
    if (type == "l") continue
    attributes = !same(path, 9) || ((moved || (path in through)) && s(path, 9) !~ /^[-?]$/)
    if (attributes) out("xattr", path)
    if (moved || attributes || !same(path, 2) || (path in through)) chmod(path)
    if (!same(path, 6) || (path in through) || (path in dirty)) touch(path)
  }
}

function flag(text) { return text ~ /[ia]/ ? text : "-" }

# Flags come off before anything is touched and go on again at the very end.
function flags(    i) {
  for (i = 1; i <= nows; i++) if (flag(n(now[i], 15)) != flag(s(now[i], 15))) work = 1
  if (!work) return
  for (i = 1; i <= nows; i++) if (flag(n(now[i], 15)) != "-") out("unflag", now[i])
  for (i = 1; i <= snaps; i++) if (flag(s(snap[i], 15)) != "-") out("flag", flag(s(snap[i], 15)) " " snap[i])
}

END {
  list_rest()
  give_inodes()
  clear()
  directories()
  files()
  if (work && ENVIRON["INSIDE"] != "") soil(ENVIRON["INSIDE"])
  metadata()
  flags()
}
