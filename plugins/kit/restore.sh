# restore.sh: puts every resource of the step back to its snapshot, the last one first. Convergent: it may be cut at any
# point and run again. Services are stopped here and started by settle.sh, when all restores on the host are done.
# shellcheck shell=sh
# shellcheck source=lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=touches.sh
. "$BELAY_KIT/kit/touches.sh"
# shellcheck source=check.sh
. "$BELAY_KIT/kit/check.sh"
D=$BELAY_STEP

check_snapshot
# From here on the step can no longer be committed: armed|committed → firing → restored.
for token in armed committed restored; do
  # The dead-man may take it at the same moment.
  [ ! -e "$D/$token" ] || mv -f -T "$D/$token" "$D/firing" || [ -e "$D/firing" ] || die "cannot take the step's token"
done
sync "$D" || die "cannot take the step's token"

bad=0
reversed >"$PWD/list"
while read -r index name; do
  resource "$index" "$name" restore || {
    say "resource $index ($name) could not be put back"
    bad=1
  }
done <"$PWD/list"
[ "$bad" -eq 0 ] || exit 1
# The dead-man's op goes on from here, and takes the last token itself.
[ -z "${BELAY_UNDO:-}" ] || exit 0
[ ! -e "$D/firing" ] || mv -f -T "$D/firing" "$D/restored" || die "cannot note that the step is restored"
sync "$D"
