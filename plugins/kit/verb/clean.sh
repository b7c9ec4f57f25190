# verb/clean.sh RUN: forgets a run, when none of its steps can be needed for a way back any more.
# shellcheck shell=sh
verb_clean() {
  want_run "${1:-}"
  run=$1
  lock 10 || {
    lock_holders
    fail 75 "this host is busy: its lock is held${value:+ by $value}"
  }
  R=$BELAY_BASE/runs/$run
  for BELAY_STEP in "$R"/*; do
    [ -d "$BELAY_STEP" ] || continue
    token
    case $value in
      committed | restored | none) ;;
      *) fail 80 "run $run is not over: step ${BELAY_STEP##*/} is \"$value\"" ;;
    esac
  done
  # Its dead-man has nothing to do any more and leaves by itself: then nobody writes here.
  cl_end=$(($(uptime_seconds) + 10))
  while alive "$R/deadman.pid"; do
    [ "$(uptime_seconds)" -lt "$cl_end" ] || fail 75 "the dead-man's switch of run $run is still there: try again"
    nap
  done
  rm -rf "${BELAY_BASE:?}/runs/$run" || fail 74 "run $run could not be removed"
  [ ! -d "$BELAY_BASE/runs" ] || sync "$BELAY_BASE/runs"
}
