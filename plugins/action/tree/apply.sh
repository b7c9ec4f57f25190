# tree: a new tree is built beside its place and renamed into it. In one that is there, only what differs is replaced,
# file by file, each by a rename.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=compare.sh
. "$BELAY_KIT/action/tree/compare.sh"
# shellcheck source=build.sh
. "$BELAY_KIT/action/tree/build.sh"
set_tools
settings
make_parents "$to"
beside "$to"
stage=$value

if [ ! -e "$to" ] && [ ! -L "$to" ]; then
  build "$list" "$stage" "$dir_mode"
  [ -z "$own" ] || chown -h -R "$own" -- "$stage" || die "cannot give the tree to $own"
  sync_tree "$stage" && mv -T -- "$stage" "$to" || die "cannot put $to into place"
  parent_of "$to"
  sync "$value" || die "$to did not reach the disk"
  changed yes
  exit 0
fi

compare "$PWD/compare"
grep -v '^unchanged ' "$PWD/compare/items" >"$PWD/different" || {
  changed no
  exit 0
}
cd "$PWD/compare" || die 'cannot work here'
with_each rm rm -f -- && with_each rmdir rmdir -- || die "cannot clear the way in $to"
with_each mkdir mkdir -- || die "cannot make directories in $to"
if [ -s part ]; then
  build part "$stage" ''
  put_all place "$stage" "$to" || die "cannot put everything in $to into place"
fi
wipe "$stage"
grouped modes chmod && { [ -z "$own" ] || with_each owned chown -h "$own" --; } || die "cannot set modes and owners in $to"
with_each sync_dirs sync && sync -f "$to" || die "$to did not reach the disk"
changed yes
