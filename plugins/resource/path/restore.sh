# restore.sh: makes the path equal to its snapshot, or absent if it was absent. Convergent: only what differs is touched,
# in an order that can be cut anywhere and begun again. Nothing is ever unpacked onto the live tree: contents are taken
# out of the archive into a staging directory beside it, checked, and renamed into place one by one, so no symbolic link
# that the step left is written through. Entries that are as they were keep their inode.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
path_kit=$BELAY_KIT/resource/path
# shellcheck source=scan.sh
. "$path_kit/scan.sh"
# shellcheck source=archive.sh
. "$path_kit/archive.sh"
# shellcheck source=around.sh
. "$path_kit/around.sh"
# shellcheck source=metadata.sh
. "$path_kit/metadata.sh"
set_tools
the_path
snap=$BELAY_SNAP
todo=$PWD/todo.$$
bad=0

# choose_stage: where to work, into $stage: beside the path, or in it when the path is a mount point, because a rename
# needs one file system. $inside is the path then, and empty otherwise.
choose_stage() {
  beside "$P"
  stage=$value
  inside=
  parent_of "$P"
  if [ -d "$P" ] && [ ! -L "$P" ] && [ "$(stat -c %d "$P")" != "$(stat -c %d "$value")" ]; then
    beside "$P/x"
    stage=$value
    encode "$P"
    inside=$value
  fi
}

# make_stage: the staging directory, private; it inherits neither an ACL nor a group from where it stands.
make_stage() {
  rm -rf -- "$stage"
  mkdir -m 0700 -- "$stage" && chmod g-s -- "$stage" || die "cannot work beside $P"
  [ "$have_xattr" = no ] || setfattr -x system.posix_acl_default -- "$stage" 2>/dev/null || :
}

# staged ENC: the live path into $live, the staged one into $from.
staged() {
  decode "$1"
  live=$value
  from=$stage${live#"${P%/*}"}
}

take_contents() {
  [ -s "$todo/take" ] || return 0
  take_out "$snap/data.tar" "$todo/take" "$stage" || say "tar had difficulties with the snapshot of $P"
  check_files "$todo/want" "$stage" "$PWD/check.$$" || {
    rm -rf -- "$stage"
    die "the snapshot of $P is damaged: nothing was changed"
  }
  sync_tree "$stage"
}

# place_all: directories, then single entries, then the other names of files that are there.
place_all() {
  while IFS= read -r enc; do
    staged "$enc"
    [ -w "$from" ] || chmod u+w -- "$from"
    rename "$from" "$live" || bad=1
  done <"$todo/top"
  with_each "$todo/mkdir" mkdir -m 0700 -- || bad=1
  while IFS= read -r enc; do
    staged "$enc"
    rename "$from" "$live" || bad=1
  done <"$todo/put"
  while read -r target own enc; do
    decode "$target"
    target=$value
    decode "$enc"
    ln -s -- "$target" "$stage/link" && chown -h "$own" -- "$stage/link" && rename "$stage/link" "$value" || bad=1
    rm -f -- "$stage/link"
  done <"$todo/symlink"
  while IFS= read -r enc; do
    staged "$enc"
    cat "$from" >"$live" || bad=1
  done <"$todo/inplace"
  while read -r keeper enc; do
    decode "$keeper"
    keeper=$value
    decode "$enc"
    ln -- "$keeper" "$stage/twin" && rename "$stage/twin" "$value" || bad=1
    rm -f -- "$stage/twin"
  done <"$todo/link"
}

make_equal() {
  rm -rf "$todo" && mkdir "$todo" || die "cannot work in $PWD"
  for list in unflag rm rmdir take want top mkdir put symlink inplace link own mode time xattr dirs flag; do : >"$todo/$list"; done
  choose_stage
  INSIDE=$inside awk -v dir="$todo" -v gnu="$have_gnu_tar" -f "$path_kit/diff.awk" "$snap/full" "$PWD/now.$$/full" ||
    die "cannot compare $P with its snapshot"
  [ -n "$(find "$todo" -type f -size +0)" ] || return 0
  with_each "$todo/unflag" chattr -i -a -- || bad=1
  if [ -s "$todo/take" ] || [ -s "$todo/symlink" ] || [ -s "$todo/link" ]; then
    make_stage
    take_contents
  fi
  with_each "$todo/rm" rm -f -- || bad=1
  with_each "$todo/rmdir" rmdir -- || bad=1
  place_all
  rm -rf -- "$stage" || remove_protected "$stage" || bad=1
  fix_metadata || bad=1
  sync -f "${P%/*}/" || bad=1
}

fix_parent
clear_leftovers "${P%/*}"
unmount_below
case $(head -c 1 "$snap/full") in
  -) make_absent ;;
  *)
    open_up
    for attempt in 1 2 3; do
      if scan "$P" "$PWD/now.$$"; then break; fi
      [ "$attempt" -lt 3 ] || die "$P could not be read as a whole: something keeps changing it"
    done
    make_equal
    ;;
esac
exit "$bad"
