# verb/arm.sh RUN STEP EPOCH SECONDS: from now on the step may be applied. With SECONDS above 0 the host puts it back by
# itself once they have passed without renew or commit; that somebody watches is read back before we answer.
# shellcheck shell=sh
verb_arm() {
  want_step "${1:-}" "${2:-}"
  want_number "${3:-}"
  want_number "${4:-}"
  R=$BELAY_BASE/runs/$run
  lock 10 || {
    lock_holders
    fail 75 "this host is busy: its lock is held${value:+ by $value}"
  }
  check_epoch "$3"
  [ -f "$BELAY_STEP/snap/COMPLETE" ] || fail 79 "there is no complete snapshot of step $step: it was not armed"
  gate 10 || fail 75 "the dead-man's switch of run $run is busy: try again"
  token
  case $value in
    none | armed) ;;
    *) fail 80 "step $step can no longer be armed: its token is \"$value\"" ;;
  esac
  way=none
  if [ "$4" -gt 0 ]; then
    IFS= read -r complete <"$BELAY_STEP/snap/COMPLETE"
    step_sum
    put "$BELAY_STEP/guarded" "$complete $4 $value" && extend "$3" "$4" || fail 74 "the deadline of run $run could not be written"
  elif [ -e "$BELAY_STEP/guarded" ]; then
    rm -f "$BELAY_STEP/guarded" && sync "$BELAY_STEP" || fail 74 "cannot write in $BELAY_STEP"
  fi
  [ -e "$BELAY_STEP/armed" ] || put "$BELAY_STEP/armed" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" || fail 74 "step $step could not be armed"
  if [ "$4" -gt 0 ]; then
    ensure_deadman || fail 74 "$value"
  fi
  ungate
  token
  emit_text token "$value"
  emit_text deadman "$way"
}
