# verify.sh: asks whether the step did its work: the action's own verify.sh, then the command that the step names, if any.
# shellcheck shell=sh
# shellcheck source=lib.sh
. "$BELAY_KIT/kit/lib.sh"
IFS= read -r action <"$BELAY_STEP/action" || die "the step does not name its action"
case $action in '' | *[!a-z0-9-]*) die "the step does not name its action" ;; esac
if [ -f "$BELAY_KIT/action/$action/verify.sh" ]; then
  sh "$BELAY_KIT/action/$action/verify.sh" || exit
fi
if [ -f "$BELAY_PARAMS/verify.0" ]; then
  run_argv verify || exit
fi
exit 0
