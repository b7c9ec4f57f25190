# verb/probe.sh: what became of an op? NEVER | RUNNING pid | RUNNING-OTHER | DONE rc | LINGER rc holder | DIED | REBOOTED
# Reads only. Right after a kill the dying children still hold the lock for milliseconds: ask again until it is stable.
# shellcheck shell=sh

# alive PIDFILE: the process of a marker still is that process; its id is in $pid.
alive() {
  pid=
  [ -f "$1" ] || return 1
  read -r al_boot pid al_start al_epoch <"$1" || return 1
  boot_id
  [ "$al_boot" = "$value" ] || return 1
  starttime "$pid" && [ "$value" = "$al_start" ]
}

# held: somebody holds the host's lock. First a look without touching it; then one try, which is over at once.
held() {
  [ -f "$BELAY_BASE/host.lock" ] || return 1
  hd_inode=$(stat -c %i "$BELAY_BASE/host.lock")
  grep -q "FLOCK.*WRITE.*:$hd_inode " /proc/locks 2>/dev/null && return 0
  ! (
    exec 9>>"$BELAY_BASE/host.lock"
    flock -n 9
  ) 2>/dev/null
}

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

# same_boot PIDFILE: no reboot since then; a torn marker does not tell of one.
same_boot() {
  read -r sb_boot _ <"$1" || return 0
  boot_id
  [ "$sb_boot" = "$value" ]
}

verb_probe() {
  case ${3:-} in
    snap | apply | verify | restore | settle) ;;
    apply.*) want_number "${3#apply.}" ;;
    *) fail 64 'probe wants an op: snap, apply (or apply.2 and so on), verify, restore or settle' ;;
  esac
  want_step "${1:-}" "${2:-}"
  probe_state "$3"
  emit_text probe "$state"
  token
  emit_text token "$value"
  [ ! -f "$BELAY_STEP/$3.out" ] || emit_tail out "$BELAY_STEP/$3.out" 65536
}
