# manifest.sh: the tree as it is now, in manifest lines (docs/host-protocol.md). Reads only.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
path_kit=$BELAY_KIT/resource/path
# shellcheck source=scan.sh
. "$path_kit/scan.sh"
set_tools
the_path
work=$PWD/manifest.$$
for attempt in 1 2 3; do
  if scan "$P" "$work"; then
    public "$work"
    exit
  fi
  say "$P changed while it was read (attempt $attempt)" >&2
done
die "$P could not be read as a whole"
