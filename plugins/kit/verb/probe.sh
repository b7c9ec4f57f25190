# verb/probe.sh: what became of an op? NEVER | RUNNING pid | RUNNING-OTHER | DONE rc | LINGER rc holder | DIED | REBOOTED
# Reads only. Right after a kill the dying children still hold the lock for milliseconds: ask again until it is stable.
# shellcheck shell=sh

# other_runner: the lock belongs to another op that is alive right now.
other_runner() {
  for or_file in "$BELAY_BASE"/runs/*/*/*.pid; do
    [ "$or_file" != "$BELAY_STEP/$1.pid" ] && [ ! -e "${or_file%.pid}.rc" ] && alive "$or_file" && return 0
  done
  return 1
}

probe_state() {
  ps_mark=$BELAY_STEP/$1
  if [ ! -e "$ps_mark.start" ]; then
    state=NEVER
  elif alive "$ps_mark.pid" && [ ! -e "$ps_mark.rc" ]; then
    state="RUNNING $pid"
  elif [ -e "$ps_mark.rc" ]; then
    IFS= read -r ps_rc <"$ps_mark.rc"
    state="DONE $ps_rc"
    if held && ! other_runner "$1"; then
      lock_holders
      [ -z "$value" ] || state="LINGER $ps_rc $value"
    fi
  elif [ -f "$ps_mark.pid" ] && ! same_boot "$ps_mark.pid"; then
    state=REBOOTED
  elif held; then
    state=RUNNING-OTHER
  else
    state=DIED
  fi
  # The op may have come to its end while we looked.
  case $state in DIED | RUNNING-OTHER) [ ! -e "$ps_mark.rc" ] || probe_state "$1" ;; esac
}

# deadman_state: what the run's dead-man has to do with this step: none, "watching SECONDS", fired, or needs-operator.
deadman_state() {
  token
  if [ "$value" = firing ] && [ -e "$BELAY_STEP/needs-operator" ]; then
    value=needs-operator
  elif [ -e "$BELAY_STEP/fired" ]; then
    value=fired
  elif [ -e "$BELAY_STEP/guarded" ] && { [ "$value" = armed ] || [ "$value" = firing ]; } && alive "$R/deadman.pid"; then
    rest
    value="watching $value"
  else
    value=none
  fi
}

verb_probe() {
  case ${3:-} in
    snap | apply | verify | restore | settle | undo) ;;
    apply.*) want_number "${3#apply.}" ;;
    *) fail 64 'probe wants an op: snap, apply (or apply.2 and so on), verify, restore, settle or undo' ;;
  esac
  want_step "${1:-}" "${2:-}"
  probe_state "$3"
  emit_text probe "$state"
  token
  emit_text token "$value"
  R=$BELAY_BASE/runs/$run
  deadman_state
  emit_text deadman "$value"
  value=
  [ ! -f "$BELAY_STEP/deadman.proof" ] || IFS= read -r value <"$BELAY_STEP/deadman.proof" || value=
  emit_text proof "$value"
  [ ! -f "$BELAY_STEP/needs-operator" ] || emit_tail needs "$BELAY_STEP/needs-operator" 4096
  [ ! -f "$BELAY_STEP/$3.out" ] || emit_output "$BELAY_STEP/$3.out"
}
