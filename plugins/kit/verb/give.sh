# verb/give.sh RUN STEP EPOCH: takes in the daemon's copy of the step's snapshot (a tar on standard input) in place of the
# one on this host, which is damaged or gone. Only a whole copy takes its place; what was there is kept aside.
# shellcheck shell=sh
verb_give() {
  want_step "${1:-}" "${2:-}"
  want_number "${3:-}"
  lock 10 || {
    lock_holders
    fail 75 "this host is busy: its lock is held${value:+ by $value}"
  }
  check_epoch "$3"
  gv_new=$BELAY_STEP/snap.given
  rm -rf "$gv_new" "$BELAY_STEP/work"
  mkdir "$gv_new" "$BELAY_STEP/work" || fail 74 "cannot write in $BELAY_STEP"
  tar -x -o -m -f - -C "$gv_new" 2>"$BELAY_STEP/work/tar.err" || {
    emit_tail out "$BELAY_STEP/work/tar.err" 4096
    fail 74 'the copy of the snapshot could not be unpacked: is the disk full?'
  }
  cat >/dev/null
  [ -z "$(find "$gv_new" ! -type f ! -type d | head -n 1)" ] || fail 64 'the copy holds more than files and directories'
  # shellcheck source=../check.sh
  . "$BELAY_KIT/kit/check.sh"
  (check_sums "$gv_new") >"$BELAY_STEP/work/check.out" 2>&1 || {
    emit_tail out "$BELAY_STEP/work/check.out" 4096
    fail 79 'the copy of the snapshot is damaged: nothing was changed'
  }
  sync_tree "$gv_new" || fail 74 'the copy of the snapshot did not reach the disk'
  gv_n=1
  while [ -e "$BELAY_STEP/snap.bad.$gv_n" ]; do gv_n=$((gv_n + 1)); done
  [ ! -e "$BELAY_STEP/snap" ] || mv -T "$BELAY_STEP/snap" "$BELAY_STEP/snap.bad.$gv_n" ||
    fail 74 'the damaged snapshot could not be put aside'
  mv -T "$gv_new" "$BELAY_STEP/snap" && sync "$BELAY_STEP" || fail 74 'the copy could not take its place'
  # The host may have said that it needs help because its snapshot was bad: it no longer is.
  rm -f "$BELAY_STEP/needs-operator"
  emit_text given whole
}
