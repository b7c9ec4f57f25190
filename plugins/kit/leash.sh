# leash.sh NONCE BASE KIT: the one entry of Belay on a host. Reads one verb line (and its data) from standard input,
# answers with framed sections on standard output. The protocol is in README.md.
# shellcheck shell=sh
nonce=$1
BELAY_BASE=$2
BELAY_KIT=$2/kit/$3
LC_ALL=C
export LC_ALL BELAY_BASE BELAY_KIT
umask 077

begin() { printf '\001belay %s begin\n' "$nonce"; }

finish() {
  [ -z "${tmp:-}" ] || rm -rf "$tmp"
  printf '\001belay %s end %s\n' "$nonce" "$1"
  exit "$1"
}

# emit_text NAME TEXT, emit_file NAME FILE, emit_tail NAME FILE LIMIT: one section.
emit_text() { printf '\001%s %s\n%s\n' "$1" "${#2}" "$2"; }
# emit_output FILE: the section out of an op: the last 64 KiB of what is kept of it, then after a line that says so.
emit_output() {
  eo_size=0
  eo_note=
  [ ! -f "$1" ] || eo_size=$(wc -c <"$1")
  if [ "$eo_size" -gt 65536 ]; then
    eo_size=65536
    eo_note="[belay: too much output; of each step the first 1 MiB is kept on its host, and the last 64 KiB of that follow]$NL"
  fi
  printf '\001out %d\n%s' $((${#eo_note} + eo_size)) "$eo_note"
  [ "$eo_size" -eq 0 ] || tail -c "$eo_size" "$1"
  printf '\n'
}
emit_tail() {
  et_size=0
  [ ! -f "$2" ] || et_size=$(wc -c <"$2")
  [ "$et_size" -le "$3" ] || et_size=$3
  printf '\001%s %d\n' "$1" "$et_size"
  [ "$et_size" -eq 0 ] || tail -c "$et_size" "$2"
  printf '\n'
}
emit_file() {
  ef_size=$(wc -c <"$2") || ef_size=0
  printf '\001%s %d\n' "$1" "$ef_size"
  [ "$ef_size" -eq 0 ] || head -c "$ef_size" "$2"
  printf '\n'
}

# fail RC SENTENCE: the end of a verb that could not do its work.
fail() {
  emit_text error "$2"
  finish "$1"
}

begin
case $nonce in '' | *[!A-Za-z0-9]*) nonce=bad && fail 64 'the nonce is not plain letters and digits' ;; esac
case $BELAY_BASE in
  / | *[!A-Za-z0-9/._-]* | */../* | */..) fail 64 'the base directory is not a plain absolute path' ;;
  /*) ;;
  *) fail 64 'the base directory is not an absolute path' ;;
esac
case $3 in '' | *[!0-9a-f]*) fail 64 'the kit is not named by a digest' ;; esac
[ -f "$BELAY_KIT/kit/lib.sh" ] || fail 73 'the kit on this host is not whole: it has no lib.sh'
# shellcheck source=lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=state.sh
. "$BELAY_KIT/kit/state.sh"
# shellcheck source=way.sh
. "$BELAY_KIT/kit/way.sh"
# shellcheck source=gate.sh
. "$BELAY_KIT/kit/gate.sh"
# die belongs to scripts; inside the leash a failure must still close the frame.
die() { fail 74 "$*"; }

# scratch: a fresh private directory in $tmp, removed at the end.
scratch() {
  tmp=$BELAY_BASE/tmp/$nonce.$$
  mkdir -p "$BELAY_BASE/tmp" && rm -rf "$tmp" && mkdir "$tmp" || fail 74 "cannot write in $BELAY_BASE"
}

# want_number, want_run: arguments are plain or the verb is refused; nothing else ever becomes part of a path.
want_number() { case ${1:-x} in *[!0-9]* | 0?* | ????????????????????*) fail 64 "not a plain number in: $line" ;; esac; }
want_run() {
  case ${1:-x} in *[!0-9A-Z]*) fail 64 "not a run in: $line" ;; esac
  [ ${#1} -eq 26 ] || fail 64 "not a run in: $line"
}
want_step() {
  want_run "$1"
  want_number "$2"
  run=$1
  step=$2
  BELAY_STEP=$BELAY_BASE/runs/$run/$step
  BELAY_BLOBS=$BELAY_BASE/blobs
  export BELAY_STEP BELAY_BLOBS
  [ -d "$BELAY_STEP" ] || fail 74 "step $step of run $run is not staged on this host"
}

# lock SECONDS: takes the host's lock on descriptor 9, or fails with 70 or 75. check_epoch comes after it, never before.
lock() {
  (: >>"$BELAY_BASE/host.lock") 2>/dev/null || fail 70 "cannot open $BELAY_BASE/host.lock"
  exec 9>>"$BELAY_BASE/host.lock"
  lk_end=$(($(uptime_seconds) + $1))
  until flock -n 9; do
    [ "$(uptime_seconds)" -lt "$lk_end" ] || return 75
    nap
  done
}
check_epoch() {
  read_epoch
  [ "$value" = "$1" ] || fail 76 "this host answers to epoch ${value:-none}, not to $1: another daemon took it over"
}

# op OP EPOCH TIMEOUT: runs the runner in a session of its own, so that a cut connection does not end it, and waits.
op() {
  setsid sh "$BELAY_KIT/kit/runner.sh" "$2" "$1" "$3" </dev/null >/dev/null 2>&1 &
  wait $!
  op_rc=$?
  [ "$op_rc" -ne 0 ] || [ -f "$BELAY_STEP/$1.rc" ] || op_rc=78
  case $op_rc in
    0) return ;;
    70) fail 70 "cannot open $BELAY_BASE/host.lock" ;;
    73) fail 73 "the kit on this host has no script for this step's $1" ;;
    74) fail 74 "cannot write the markers of $1 in $BELAY_STEP" ;;
    75)
      for op_undo in "$BELAY_BASE"/runs/*/*/undo.pid; do
        [ ! -e "${op_undo%.pid}.rc" ] && alive "$op_undo" || continue
        op_undo=${op_undo#"$BELAY_BASE/runs/"}
        op_undo=${op_undo%/undo.pid}
        fail 75 "this host is busy: the dead-man's switch of run ${op_undo%/*} is putting step ${op_undo#*/} back; try again"
      done
      lock_holders
      fail 75 "this host is busy: its lock is held${value:+ by $value}"
      ;;
    76)
      read_epoch
      fail 76 "this host answers to epoch ${value:-none}, not to $2: another daemon took it over"
      ;;
    77) fail 77 "$1 was done before: read its result, do not repeat it" ;;
    79) fail 79 "there is no complete snapshot of step $step: nothing was applied" ;;
    80)
      token
      fail 80 "step $step is no longer armed (its token is \"$value\"): nothing was applied"
      ;;
    *) fail 78 "$1 was begun and its outcome is unknown: ask with probe, then roll back" ;;
  esac
}

# lock_holders: "PID COMMAND, ..." into $value: the processes that hold the host's lock on descriptor 9.
lock_holders() {
  lh_list=
  for lh_pid in $(lock_pids); do
    [ "$lh_pid" != $$ ] || continue
    lh_command=$(tr '\000' ' ' <"/proc/$lh_pid/cmdline" 2>/dev/null | head -c 200)
    # It has ended meanwhile; most are our own, which looked for the others.
    [ -n "$lh_command" ] || continue
    encode "${lh_command% }"
    lh_list=$lh_list${lh_list:+, }"$lh_pid $value"
  done
  value=$lh_list
}

# op_result OP: the sections every op answers with.
op_result() {
  read_all "$BELAY_STEP/$1.rc"
  emit_text rc "${value%"$NL"}"
  emit_output "$BELAY_STEP/$1.out"
}

IFS= read -r line || fail 64 'no verb was sent'
case $line in *[!A-Za-z0-9.\ ]*) fail 64 'the verb line holds more than plain words' ;; esac
# shellcheck disable=SC2086 # the line is plain words, checked above
set -- $line
verb=${1:-none}
[ $# -eq 0 ] || shift
case $verb in
  facts | fence | missing | stage | arm | renew | probe | clean | plan | scan | keep | give | read | guard) verb_file=$verb ;;
  snap | apply | verify | commit | restore | settle | manifest) verb_file=step ;;
  *) fail 64 "there is no verb \"$verb\"" ;;
esac
[ -f "$BELAY_KIT/kit/verb/$verb_file.sh" ] || fail 73 "the kit on this host is not whole: verb/$verb_file.sh is missing"
# shellcheck disable=SC1090 # one of the names listed above
. "$BELAY_KIT/kit/verb/$verb_file.sh"
"verb_$verb" "$@"
finish 0
