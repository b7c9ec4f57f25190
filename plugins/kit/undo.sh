# undo.sh: what the dead-man runs as an op when its deadline has passed: restore, settle, and a second manifest to prove it,
# all of it under one hold of the host's lock. The token says firing until everything is done.
# shellcheck shell=sh
# shellcheck source=lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=touches.sh
. "$BELAY_KIT/kit/touches.sh"
D=$BELAY_STEP
# Whoever had the lock before may have put the step back, and earlier steps after it: then it must not happen again.
[ -e "$D/firing" ] || exit 0
[ -e "$D/fired" ] || put "$D/fired" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"

BELAY_UNDO=1
export BELAY_UNDO
sh "$BELAY_KIT/kit/restore.sh"
rc=$?
# The boot hook holds back other services only until the first attempt at the files is over.
: >"$D/tried"
[ "$rc" -eq 0 ] || exit "$rc"
sh "$BELAY_KIT/kit/settle.sh"
proof=differs
if manifest_of_step >"$PWD/second" && cmp "$PWD/second" "$D/snap/MANIFEST"; then proof=equal; fi
put "$D/deadman.proof" "$proof" || die "cannot note the proof"
mv -f -T "$D/firing" "$D/restored" && sync "$D" || die "cannot note that the step is restored"
