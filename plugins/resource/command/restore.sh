# command: undo, if the command was begun at all, and unless "state" says that everything is as it was.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=../../action/command/run.sh
. "$BELAY_KIT/action/command/run.sh"
[ -e "$BELAY_STEP/apply.start" ] && [ ! -e "$BELAY_STEP/command.skipped" ] || exit 0
if [ -f "$BELAY_PARAMS/state.0" ]; then
  sh "$BELAY_KIT/resource/command/manifest.sh" >"$PWD/now.$$" && cmp -s "$PWD/now.$$" "$BELAY_SNAP/manifest" && exit 0
fi
prepare
run_argv undo
