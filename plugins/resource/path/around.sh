# around.sh: what surrounds a restore: the way to the path, things mounted in it, what a killed step left, and the case
# that the path was not there. Sourced by restore.sh.
# shellcheck shell=sh

# fix_parent: the directory in which the path lives is the one it was. Parents that went away come back; a parent that
# leads somewhere else now is not followed.
fix_parent() {
  IFS=' ' read -r _ _ _ _ _ _ _ _ _ top _ <"$snap/full"
  decode "$top"
  top=$value
  IFS= read -r was_parent <"$snap/parent"
  decode "$was_parent"
  was_parent=$value
  real_parent "$top"
  if [ -z "$value" ]; then
    while read -r mode uid gid enc; do
      decode "$enc"
      [ ! -d "$value" ] || continue
      mkdir -- "$value" && chown "$uid:$gid" -- "$value" && chmod "$mode" -- "$value" ||
        die "the parent directory $value of $P is gone and cannot be made again"
    done <"$snap/ancestors"
    real_parent "$top"
  fi
  [ "$value" = "$was_parent" ] ||
    die "the directory of $P was $was_parent and now leads to $value: nothing is written there"
}

# clear_leftovers DIR: what an apply or a restore of this step that was killed left beside the path.
clear_leftovers() {
  [ -d "$1/" ] || return 0
  cl_run=${BELAY_STEP%/*}
  for cl_file in "$1/.belay-${cl_run##*/}-${BELAY_STEP##*/}-"*; do
    [ -e "$cl_file" ] || [ -L "$cl_file" ] || continue
    rm -rf -- "$cl_file" || remove_protected "$cl_file"
  done
}

# remove_protected PATH: once more, with immutable and append-only flags taken off.
remove_protected() {
  if command -v chattr >/dev/null 2>&1; then chattr -R -i -a -- "$1" 2>/dev/null; fi
  as_root || find "$1" -xdev -type d ! -perm -700 -exec chmod u+rwx {} \; 2>/dev/null
  rm -rf -- "$1"
}

# unmount_below: the snapshot had nothing mounted in the tree; what is now would be taken for files of the tree.
unmount_below() {
  ub_mounts=$(mounts_below "$P")
  [ -n "$ub_mounts" ] || return 0
  say "$ub_mounts" | sort -r | while IFS= read -r ub_mount; do
    decode "$ub_mount"
    umount -- "$value" || exit 1
  done || die "something is mounted below $P and cannot be unmounted: nothing was changed"
}

# as_root: may we do everything here?
as_root() {
  while read -r ar_key _ ar_uid _; do
    [ "$ar_key" != Uid: ] || { [ "$ar_uid" -eq 0 ] && return; }
  done </proc/self/status
  return 1
}

# open_up: an ordinary user must be allowed to look at its own tree; the modes are put right at the end. Root is.
open_up() {
  ! as_root && [ ! -L "$P" ] || return 0
  find "$P" -xdev -type d ! -perm -700 -exec chmod u+rwx {} \; 2>/dev/null
  find "$P" -xdev -type f ! -perm -400 -exec chmod u+rw {} \; 2>/dev/null
  return 0
}

# make_absent: neither the path nor the parents that were missing may be there. Parents that hold something else stay.
make_absent() {
  set --
  while read -r _ _ _ _ _ _ _ _ _ enc _; do
    printf '%s\n' "$enc"
    set -- "$enc" "$@"
  done <"$snap/full" >"$PWD/absent.$$"
  printf '%s\n' "$@" >"$PWD/absent_up.$$"
  while IFS= read -r enc; do
    decode "$enc"
    entry=$value
    clear_leftovers "${entry%/*}"
    if [ -L "$entry" ] || { [ -e "$entry" ] && [ ! -d "$entry" ]; }; then
      rm -f -- "$entry" 2>/dev/null || remove_protected "$entry" || bad=1
      break
    fi
    [ -d "$entry" ] || break
    [ "$entry" != "$P" ] || rm -rf -- "$entry" 2>/dev/null || remove_protected "$entry" || bad=1
  done <"$PWD/absent.$$"
  while IFS= read -r enc; do
    decode "$enc"
    if [ -d "$value" ] && [ ! -L "$value" ]; then
      rmdir -- "$value" || {
        say "$enc was made by the step and holds files that no step declares: it stays"
        bad=1
      }
    fi
  done <"$PWD/absent_up.$$"
  sync "$was_parent" || bad=1
}
