# command: its way back is "undo", which is staged with the step. What "state" says is the manifest; the kit keeps it.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
[ -f "$BELAY_PARAMS/undo.0" ] || die 'the command has no "undo"'
