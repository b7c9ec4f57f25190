# snapshot.sh: captures everything the step touches, before the step runs. Write-once: a snapshot with COMPLETE is never
# taken again. It is built as snap.tmp and gets its name when it is whole and on the disk. Arming is another matter (verb/arm.sh).
# shellcheck shell=sh
# shellcheck source=lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=touches.sh
. "$BELAY_KIT/kit/touches.sh"
umask 077
D=$BELAY_STEP
final=$D/snap

if [ -f "$final/COMPLETE" ]; then
  sync "$D" || die "cannot complete the snapshot"
  exit 0
fi
[ ! -e "$D/apply.start" ] || die "the step was begun without a complete snapshot: it must not be captured now"

# What an interrupted capture left says nothing about the host; it is put aside, not mixed in.
wipe "$D/snap.old"
[ ! -e "$final" ] || mv -T "$final" "$D/snap.old" || die "cannot put the broken snapshot aside"
snap_root=$D/snap.tmp
wipe "$snap_root"
mkdir "$snap_root" || die "cannot write the snapshot in $D"

# stable SCRIPT: it has the line "# capture: stable".
stable() {
  while IFS= read -r st_line; do
    [ "$st_line" != '# capture: stable' ] || return 0
  done <"$1"
  return 1
}

# capture INDEX NAME: the resource must read the same before and after, or it was changing under our hands. A capture.sh
# with the line "# capture: stable" makes sure of that by itself and leaves the file "manifest" in its snapshot.
capture() {
  for attempt in 1 2 3; do
    wipe "${snap_root:?}/$1"
    mkdir "$snap_root/$1" || return 1
    if stable "$BELAY_KIT/resource/$2/capture.sh"; then
      resource "$1" "$2" capture || return 1
      [ -f "$snap_root/$1/manifest" ]
      return
    fi
    resource "$1" "$2" manifest >"$PWD/before" && resource "$1" "$2" capture &&
      resource "$1" "$2" manifest >"$snap_root/$1/manifest" || return 1
    if cmp -s "$PWD/before" "$snap_root/$1/manifest"; then return 0; fi
    say "resource $1 ($2) changed while it was captured (attempt $attempt)"
  done
  return 1
}

touched
set --
while read -r index name; do
  capture "$index" "$name" || die "resource $index ($name) could not be captured: the step was not begun"
  header "$index" "$name" >"$PWD/header.$index" || die "cannot write the snapshot"
  set -- "$@" "$PWD/header.$index" "$snap_root/$index/manifest"
done <"$value"
cat /dev/null "$@" >"$snap_root/MANIFEST" || die "cannot write the snapshot"

(cd "$snap_root" && find . -type f ! -path ./SUMS -exec sha256sum {} + >SUMS) || die "cannot read the snapshot back"
value=$(sha256sum <"$snap_root/SUMS") && say "${value%% *}" >"$snap_root/COMPLETE" || die "cannot complete the snapshot"
# Everything is on the disk before the rename that makes it the snapshot, and that before anybody is told.
sync_tree "$snap_root" || die "the snapshot did not reach the disk"
mv -T "$snap_root" "$final" && sync "$D" || die "cannot complete the snapshot"
wipe "$D/snap.old"
