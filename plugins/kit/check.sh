# check.sh: is the snapshot as it was when it was completed? Sourced. check_snapshot exits the script when it is not: a
# restore from a damaged snapshot is worse than none, and nothing is deleted then.
# shellcheck shell=sh

# check_sums DIR: every file of a snapshot in DIR has the digest that its list says, and the list is the one it was
# completed with. Works in $BELAY_STEP/work.
check_sums() {
  IFS= read -r cs_want <"$1/COMPLETE"
  # One more line, for the list itself.
  printf '%s  SUMS\n' "$cs_want" >"$BELAY_STEP/work/sums.top"
  (cd "$1" && exec sha256sum -c "$BELAY_STEP/work/sums.top" SUMS >"$BELAY_STEP/work/sums.out" 2>&1) || {
    grep -v ': OK$' "$BELAY_STEP/work/sums.out"
    return 1
  }
}

check_snapshot() {
  [ -f "$BELAY_STEP/snap/COMPLETE" ] || {
    say "there is no complete snapshot of this step"
    exit 79
  }
  check_sums "$BELAY_STEP/snap" || {
    say "the snapshot of this step is damaged on this host: nothing was restored from it, nothing was deleted"
    exit 79
  }
}
