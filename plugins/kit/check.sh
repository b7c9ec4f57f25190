# check.sh: is the snapshot as it was when it was completed? Sourced. check_snapshot exits the script when it is not: a
# restore from a damaged snapshot is worse than none, and nothing is deleted then.
# shellcheck shell=sh
check_snapshot() {
  cs_snap=$BELAY_STEP/snap
  [ -f "$cs_snap/COMPLETE" ] || {
    say "there is no complete snapshot of this step"
    exit 79
  }
  IFS= read -r cs_want <"$cs_snap/COMPLETE"
  cs_have=$(sha256sum <"$cs_snap/SUMS" | cut -d ' ' -f 1)
  [ "$cs_want" = "$cs_have" ] && (cd "$cs_snap" && sha256sum -c SUMS >"$BELAY_STEP/work/sums.out" 2>&1) || {
    grep -v ': OK$' "$BELAY_STEP/work/sums.out"
    say "the snapshot of this step is damaged on this host: nothing was restored from it, nothing was deleted"
    exit 79
  }
}
