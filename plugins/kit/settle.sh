# settle.sh: after all restores on the host, every resource that knows how to (services) takes up its captured state.
# shellcheck shell=sh
# shellcheck source=lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=touches.sh
. "$BELAY_KIT/kit/touches.sh"
# shellcheck source=check.sh
. "$BELAY_KIT/kit/check.sh"
check_snapshot
bad=0
touched
while read -r index name; do
  has_script "$name" settle || continue
  resource "$index" "$name" settle || {
    say "resource $index ($name) did not take up its earlier state"
    bad=1
  }
done <"$value"
exit "$bad"
