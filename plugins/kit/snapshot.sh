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
  exit 0
fi
[ ! -e "$D/apply.start" ] || die "the step was begun without a complete snapshot: it must not be captured now"

# What an interrupted capture left says nothing about the host; it is put aside, not mixed in.
rm -rf "$D/snap.old"
[ ! -e "$final" ] || mv -T "$final" "$D/snap.old" || die "cannot put the broken snapshot aside"
snap_root=$D/snap.tmp
rm -rf "$snap_root"
mkdir "$snap_root" || die "cannot write the snapshot in $D"

# capture INDEX NAME: the resource must read the same before and after, or it was changing under our hands. A capture.sh
# with the line "# capture: stable" makes sure of that by itself and leaves the file "manifest" in its snapshot.
capture() {
  for attempt in 1 2 3; do
    rm -rf "${snap_root:?}/$1"
    mkdir "$snap_root/$1" || return 1
    if grep -q '^# capture: stable$' "$BELAY_KIT/resource/$2/capture.sh"; then
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

touched >"$PWD/list"
: >"$snap_root/MANIFEST"
while read -r index name; do
  capture "$index" "$name" || die "resource $index ($name) could not be captured: the step was not begun"
  { header "$index" "$name" && cat "$snap_root/$index/manifest"; } >>"$snap_root/MANIFEST" || die "cannot write the snapshot"
done <"$PWD/list"

(cd "$snap_root" && find . -type f ! -path ./SUMS -print0 | xargs -0 sha256sum >SUMS) || die "cannot read the snapshot back"
sync_tree "$snap_root" || die "the snapshot did not reach the disk"
put "$snap_root/COMPLETE" "$(sha256sum <"$snap_root/SUMS" | cut -d ' ' -f 1)" || die "cannot complete the snapshot"
mv -T "$snap_root" "$final" && sync "$D" || die "cannot complete the snapshot"
rm -rf "$D/snap.old"
