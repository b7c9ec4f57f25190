# verb/renew.sh RUN EPOCH SECONDS: whoever deploys is still there: the deadline of the run's dead-man moves on. Does not
# take the host's lock, which an apply holds all the time; the gate and the epoch decide.
# shellcheck shell=sh

# last_token: the run's armed step, or else the token of the last step that has one, into $value. $rebooted says that the
# armed step went through a reboot that it had not announced.
last_token() {
  lt_last=none
  rebooted=no
  for lt_step in $(cd "$R" && printf '%s\n' [0-9]* | sort -rn); do
    BELAY_STEP=$R/$lt_step
    token
    if [ "$value" = armed ]; then
      if [ -f "$BELAY_STEP/guarded" ] && read_deadline && boot_id && [ "$dl_boot" != "$value" ]; then
        [ "$(cat "$BELAY_STEP/expect_reboot" 2>/dev/null)" = "$dl_boot" ] || rebooted=yes
      fi
      value=armed
      return
    fi
    [ "$lt_last" != none ] || lt_last=$value
  done
  value=$lt_last
}

verb_renew() {
  want_run "${1:-}"
  want_number "${2:-}"
  want_number "${3:-}"
  run=$1
  R=$BELAY_BASE/runs/$run
  [ -d "$R" ] || fail 74 "run $run is not on this host"
  gate 10 || fail 75 "the dead-man's switch of run $run is busy: try again"
  check_epoch "$2"
  last_token
  now=$value
  case $now in
    firing | restored) fail 80 "the step is being put back or was put back: its token is \"$now\"" ;;
  esac
  [ "$rebooted" = no ] || fail 80 "this host was started anew since the step was armed: it has to be put back"
  way=none
  if [ "$now" = armed ] && [ -f "$BELAY_STEP/guarded" ]; then
    extend "$2" "$3" || fail 74 "the deadline of run $run could not be written"
    ensure_deadman || fail 74 "$value"
  fi
  ungate
  emit_text token "$now"
  emit_text deadman "$way"
}
