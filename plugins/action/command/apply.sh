# command: one program, its arguments exactly as they were written.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=run.sh
. "$BELAY_KIT/action/command/run.sh"
if param creates && { [ -e "$value" ] || [ -L "$value" ]; }; then
  # The resource must not undo what was never done.
  put "$BELAY_STEP/command.skipped" "$value"
  changed no
  exit 0
fi
prepare
run_argv run
