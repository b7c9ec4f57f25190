# deadman.sh BASE KIT RUN: the dead-man's switch of a run. It lives as long as a guarded step of the run is armed or being
# put back. When nobody renews the deadline in time it takes the step's token, and puts the step back alone. It holds no
# lock while it watches. Started by gate.sh, with the run's gate held, in a session or unit of its own.
# shellcheck shell=sh
BELAY_BASE=$1
BELAY_KIT=$2
run=$3
R=$BELAY_BASE/runs/$run
BELAY_BLOBS=$BELAY_BASE/blobs
BELAY_STEP=
LC_ALL=C
export LC_ALL BELAY_BASE BELAY_KIT BELAY_STEP BELAY_BLOBS
umask 077
cd / || exit 74
# shellcheck source=lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=state.sh
. "$BELAY_KIT/kit/state.sh"
# shellcheck source=way.sh
. "$BELAY_KIT/kit/way.sh"
# shellcheck source=gate.sh
. "$BELAY_KIT/kit/gate.sh"
# shellcheck source=verb/fence.sh
. "$BELAY_KIT/kit/verb/fence.sh"

# note TEXT: a line in the run's deadman.log, which never grows beyond two parts of 64 KiB.
note() {
  nt_size=0
  [ ! -f "$R/deadman.log" ] || nt_size=$(wc -c <"$R/deadman.log")
  [ "$nt_size" -lt 65536 ] || mv -f "$R/deadman.log" "$R/deadman.log.1"
  printf '%s up %s: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(uptime_seconds)" "$1" >>"$R/deadman.log"
}

# take: the armed step becomes ours, unless a commit was first: one rename decides.
take() {
  mv -f -T "$1/armed" "$1/firing" 2>/dev/null || return 0
  sync "$1"
  put "$1/fired" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  note "step ${1##*/}: the deadline passed and nobody renewed it; putting the step back"
}

# give_up SENTENCE: nothing was touched and nothing is deleted; the token stays as it is.
give_up() {
  put "$BELAY_STEP/needs-operator" "$1"
  note "step ${BELAY_STEP##*/}: $1"
}

# end_ops: whatever still works for the step, except for what puts it back.
end_ops() {
  for en_file in "$BELAY_STEP"/apply.pid "$BELAY_STEP"/apply.*.pid "$BELAY_STEP"/verify.pid "$BELAY_STEP"/snap.pid; do
    [ -f "$en_file" ] && [ ! -e "${en_file%.pid}.rc" ] && same_boot "$en_file" || continue
    end_op "${en_file%.pid}"
  done
  # Of an attempt to put the step back, ours or the daemon's, only what is left when its runner and its script are dead.
  for en_op in restore settle undo; do
    en_file=$BELAY_STEP/$en_op
    [ -f "$en_file.child" ] && [ ! -e "$en_file.rc" ] && same_boot "$en_file.pid" && ! alive "$en_file.pid" || continue
    read -r en_pid _ <"$en_file.child"
    starttime "$en_pid" || end_group "$en_pid"
  done
  end_left_behind "$R"
}

# end_escaped: a process that left the session of its op can still hold the lock. When no op is at work it came from a step
# that is being taken back, and nobody else is there to end it.
end_escaped() {
  for ee_file in "$BELAY_BASE"/runs/*/*/*.pid; do
    [ -e "${ee_file%.pid}.rc" ] || ! alive "$ee_file" || return 0
  done
  ee_pids=$(lock_pids)
  for ee_pid in $ee_pids; do
    # A daemon's call is under way: it ends by itself.
    ! tr '\000' ' ' <"/proc/$ee_pid/cmdline" 2>/dev/null | grep -q -F "$BELAY_BASE/kit/" || return 0
  done
  for ee_pid in $ee_pids; do
    note "step ${BELAY_STEP##*/}: process $ee_pid left its op and holds the lock of this host; ending it"
    kill -KILL "$ee_pid" 2>/dev/null
  done
}

# put_back STEP: one attempt; 0 when there is nothing left to do for this step.
put_back() {
  BELAY_STEP=$R/$1
  token
  [ "$value" = firing ] || return 0
  [ "$(cut -d ' ' -f 1 "$BELAY_STEP/guarded")" = "$(cat "$BELAY_STEP/snap/COMPLETE" 2>/dev/null)" ] || {
    give_up "the snapshot of step $1 is not the one that was there when the step was armed: nothing was touched"
    return 0
  }
  step_sum
  [ "$value" = "$(cut -d ' ' -f 3 "$BELAY_STEP/guarded")" ] || {
    give_up "what step $1 says it touches is not what it was when it was armed: nothing was touched"
    return 0
  }
  kit_sum "$BELAY_KIT"
  [ "$value" = "$(cut -d ' ' -f 2 "$R/deadman.kit")" ] || {
    give_up "the scripts that would put step $1 back are not what they were when it was armed: nothing was touched"
    return 0
  }
  end_ops
  read_epoch
  setsid sh "$BELAY_KIT/kit/runner.sh" "$value" undo 0 </dev/null >/dev/null 2>&1 &
  wait $!
  pb_rc=$?
  token
  if [ "$value" != firing ]; then
    note "step $1 is $value"
    return 0
  fi
  [ "$pb_rc" -ne 75 ] || [ "$tries" -lt 2 ] || end_escaped
  # Somebody else works here, or a fence ended us, or the epoch changed meanwhile: soon again.
  [ "$pb_rc" -eq 0 ] && IFS= read -r pb_rc <"$BELAY_STEP/undo.rc" && [ "$pb_rc" -gt 0 ] && [ "$pb_rc" -lt 128 ] || return 1
  if [ "$pb_rc" -eq 79 ]; then
    give_up "the snapshot of step $1 is damaged: nothing was touched"
    return 0
  fi
  failed=$((failed + 1))
  note "step $1 could not be put back (attempt $failed, status $pb_rc; undo.out says why)"
  return 1
}

boot_id
me="$value $$"
starttime $$
me="$me $value"
put "$R/deadman.pid" "$me" || exit 74
note "watching"
failed=0
tries=0
while :; do
  gate 60
  case $? in
    0) ;;
    75) continue ;;
    *)
      # The run was forgotten; or its disk cannot be written now, and perhaps can be later.
      [ -d "$R" ] || exit 0
      sleep 1
      continue
      ;;
  esac
  # Another one was started because this one seemed to be gone: it has the run now.
  read_all "$R/deadman.pid" && [ "$value" = "$me$NL" ] || exit 0
  needing
  if [ -z "$armed$firing" ]; then
    rm -f "$R/deadman.pid"
    note "leaving: no step is armed or being put back"
    exit 0
  fi
  rest
  if [ "$value" -gt 0 ]; then
    ungate
    [ "$value" -le 5 ] || value=5
    sleep "$value"
    continue
  fi
  for step in $armed; do take "$R/$step"; done
  needing
  ungate
  for step in $firing; do
    # The steps go back in their order, the last one first: the next one waits until this one is done.
    put_back "$step" && continue
    tries=$((tries + 1))
    if [ "$failed" -gt 0 ]; then
      sleep $((failed < 30 ? failed : 30))
    elif [ "$tries" -gt 40 ]; then
      sleep 1
    else
      nap
    fi
    break
  done
done
