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
  tree "$P" || return 0
  cs_devices=$(stat -c %d -- "$P" "$value")
  if [ "${cs_devices%%"$NL"*}" != "${cs_devices#*"$NL"}" ]; then
    beside "$P/x"
    stage=$value
    encode "$P"
    inside=$value
  fi
}

# make_stage: the staging directory, private; it inherits neither an ACL nor a group from where it stands.
make_stage() {
  wipe "$stage"
  mkdir -m 0700 -- "$stage" && { [ ! -g "$stage" ] || chmod g-s -- "$stage"; } || die "cannot work beside $P"
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
  put_all "$todo/put" "$stage" "${P%/*}" || bad=1
  while read -r target enc; do
    decode "$target"
    target=$value
    decode "$enc"
    wipe "$stage/link"
    ln -s -- "$target" "$stage/link" && rename "$stage/link" "$value" || bad=1
  done <"$todo/symlink"
  while IFS= read -r enc; do
    staged "$enc"
    cat "$from" >"$live" || bad=1
  done <"$todo/inplace"
  while read -r keeper enc; do
    decode "$keeper"
    keeper=$value
    decode "$enc"
    wipe "$stage/twin"
    ln -- "$keeper" "$stage/twin" && rename "$stage/twin" "$value" || bad=1
  done <"$todo/link"
}

make_equal() {
  wipe "$todo" && mkdir "$todo" || die "cannot work in $PWD"
  lists='unflag rm rmdir take want top mkdir put symlink inplace link own xattr mode time closed flag'
  for list in $lists; do : >"$todo/$list"; done
  choose_stage
  gnu_tar || :
  INSIDE=$inside awk -v dir="$todo" -v gnu="$have_gnu_tar" -f "$path_kit/diff.awk" "$snap/full" "$PWD/now.$$/full" ||
    die "cannot compare $P with its snapshot"
  differs=no
  for list in $lists; do [ ! -s "$todo/$list" ] || differs=yes; done
  [ "$differs" = yes ] || return 0
  with_each "$todo/unflag" chattr -i -a -- || bad=1
  if [ -s "$todo/take" ] || [ -s "$todo/symlink" ] || [ -s "$todo/link" ]; then
    make_stage
    take_contents
  fi
  with_each "$todo/rm" rm -f -- || bad=1
  with_each "$todo/rmdir" rmdir -- || bad=1
  place_all
  wipe "$stage" || remove_protected "$stage" || bad=1
  fix_metadata || bad=1
  sync -f "${P%/*}/" || bad=1
}

fix_parent
clear_leftovers "${P%/*}"
unmount_below
IFS=' ' read -r type _ <"$snap/full"
case $type in
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
