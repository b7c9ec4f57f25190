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

[ -z "$(mounts_below "$P")" ] || die "something is mounted below $P ($(mounts_below "$P" | head -n 1)): name what the step changes"

# list_ancestors: "MODE UID GID PATH" of every existing directory above P, the topmost first.
list_ancestors() {
  la_path=${P%/*}
  while [ -n "$la_path" ]; do
    if [ -d "$la_path" ]; then
      encode "$la_path"
      printf '%s %s\n' "$(stat -L -c '%a %u %g' "$la_path")" "$value"
    fi
    la_path=${la_path%/*}
  done | sort -t ' ' -k 4,4
}

# fingerprint DIR: what list_entries found there, without what reading may change: inode, times, size, type, name.
fingerprint() { awk '{print $8, $6, $5, $4, $1, $11}' "$1/entries" | sort; }

capture_once() {
  scan "$P" "$work" || return 1
  [ ! -f "$work/entries" ] || fingerprint "$work" >"$work/before"
  cp "$work/full" "$work/xattrs" "$BELAY_SNAP/" || die "cannot write the snapshot"
  IFS=' ' read -r _ _ _ _ _ _ _ _ _ top _ <"$work/full"
  decode "$top"
  real_parent "$value"
  encode "$value"
  printf '%s\n' "$value" >"$BELAY_SNAP/parent"
  list_ancestors >"$BELAY_SNAP/ancestors"
  case $(head -c 1 "$work/full") in
    -)
      : >"$BELAY_SNAP/data.tar"
      [ ! -e "$P" ] && [ ! -L "$P" ] || return 1
      ;;
    *)
      archive "$P" "$BELAY_SNAP/data.tar" || return 1
      archive_is_good "$P" "$BELAY_SNAP" "$work/check" || return 1
      # Nothing moved meanwhile: same entries, same inodes, and not even a change time differs.
      list_entries "$P" "$work" || return 1
      fingerprint "$work" >"$work/after"
      cmp -s "$work/before" "$work/after"
      ;;
  esac
}

for attempt in 1 2 3; do
  if capture_once; then
    public "$BELAY_SNAP/full" >"$BELAY_SNAP/manifest" || die "cannot write the snapshot"
    rm -rf "$work"
    exit 0
  fi
  say "$P changed while it was captured (attempt $attempt)"
done
die "$P does not hold still: stop what changes it, or name less of it"
