# verb/clean.sh RUN: forgets a run, when none of its steps can be needed for a way back any more.
# shellcheck shell=sh
verb_clean() {
  want_run "${1:-}"
  run=$1
  lock 10 || {
    lock_holders
    fail 75 "this host is busy: its lock is held${value:+ by $value}"
  }
  for BELAY_STEP in "$BELAY_BASE/runs/$run"/*; do
    [ -d "$BELAY_STEP" ] || continue
    token
    case $value in
      committed | restored | none) ;;
      *) fail 80 "run $run is not over: step ${BELAY_STEP##*/} is \"$value\"" ;;
    esac
  done
  rm -rf "${BELAY_BASE:?}/runs/$run" || fail 74 "run $run could not be removed"
  [ ! -d "$BELAY_BASE/runs" ] || sync "$BELAY_BASE/runs"
}
