# capture.sh: the tree as a tar archive and as a list, in $BELAY_SNAP:
#   full, xattrs   what scan.sh found, for the way back      manifest   the same in manifest lines
#   data.tar       contents, as ./NAME/…              parent     where the nearest existing parent really is
#   ancestors      the parent directories with mode and owner, in case a step removes them
# The archive is read back and compared before it counts. The line below tells the kit that stability is our own work.
# capture: stable
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
path_kit=$BELAY_KIT/resource/path
# shellcheck source=scan.sh
. "$path_kit/scan.sh"
# shellcheck source=archive.sh
. "$path_kit/archive.sh"
set_tools
the_path
work=$PWD/capture.$$

mounts=$(mounts_below "$P")
[ -z "$mounts" ] || die "something is mounted below $P (${mounts%%"$NL"*}): name what the step changes"

# list_ancestors: "MODE UID GID PATH" of every existing directory above P, the topmost first.
list_ancestors() {
  la_path=${P%/*}
  set --
  while [ -n "$la_path" ]; do
    [ ! -d "$la_path" ] || set -- "$la_path" "$@"
    la_path=${la_path%/*}
  done
  [ $# -gt 0 ] || return 0
  stat -L -c '%a %u %g' -- "$@" >"$work/ancestors" || return 1
  for la_path; do
    IFS= read -r la_line
    encode "$la_path"
    printf '%s %s\n' "$la_line" "$value"
  done <"$work/ancestors"
}

# unmoved: the same entries as in the scan, with the same inodes, and not even a change time differs. What tells of
# reading is not in these lists. A file system may give the names in another order.
unmoved() {
  mkdir -p "$work/after" && list_names "$P" "$work/after" && list_stats "$work/after" "$work/after/stats" || return 1
  cmp -s "$work/stats" "$work/after/stats" && cmp -s "$work/names" "$work/after/names" && return 0
  for un_dir in "$work" "$work/after"; do
    paste -d ' ' "$un_dir/stats" "$un_dir/names" | sort >"$un_dir/sorted"
  done
  cmp -s "$work/sorted" "$work/after/sorted"
}

capture_once() {
  scan "$P" "$work" "$BELAY_SNAP" || return 1
  IFS=' ' read -r type _ _ _ _ _ _ _ _ top _ <"$BELAY_SNAP/full"
  decode "$top"
  real_parent "$value"
  encode "$value"
  printf '%s\n' "$value" >"$BELAY_SNAP/parent"
  list_ancestors >"$BELAY_SNAP/ancestors" || return 1
  case $type in
    -)
      : >"$BELAY_SNAP/data.tar"
      [ ! -e "$P" ] && [ ! -L "$P" ] || return 1
      ;;
    *)
      archive "$P" "$BELAY_SNAP/data.tar" || return 1
      archive_is_good "$P" "$BELAY_SNAP" "$work/check" || return 1
      unmoved
      ;;
  esac
}

for attempt in 1 2 3; do
  if capture_once; then
    public "$work" >"$BELAY_SNAP/manifest" || die "cannot write the snapshot"
    exit 0
  fi
  say "$P changed while it was captured (attempt $attempt)"
done
die "$P does not hold still: stop what changes it, or name less of it"
