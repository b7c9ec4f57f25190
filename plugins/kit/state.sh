# state.sh: how what stands on this host is read: time, epoch, a step's token, a process behind a marker. Sourced after
# lib.sh by the leash, the dead-man and the boot hook. Reads only; results in $value where nothing else is said.
# shellcheck shell=sh

uptime_seconds() {
  IFS=. read -r us_value _ </proc/uptime
  printf '%s\n' "$us_value"
}

# read_epoch: the epoch; a torn or missing file reads as nothing.
read_epoch() {
  value=
  [ -f "$BELAY_BASE/epoch" ] || return 0
  IFS= read -r value <"$BELAY_BASE/epoch" || value=
  case $value in *[!0-9]*) value= ;; esac
}

# token: the step's one token. It is renamed by others while we look, so what is not found is looked for again: in the
# order in which tokens follow each other, nothing is missed but a second rename.
token() {
  for tk_try in 1 2 3; do
    for value in armed committed firing restored; do
      [ ! -e "$BELAY_STEP/$value" ] || return 0
    done
  done
  value=none
}

# alive PIDFILE: the process of a marker ("boot_id pid starttime …") still is that process; its id is in $pid.
alive() {
  pid=
  [ -f "$1" ] || return 1
  read -r al_boot pid al_start _ <"$1" || return 1
  boot_id
  [ "$al_boot" = "$value" ] || return 1
  starttime "$pid" && [ "$value" = "$al_start" ]
}

# same_boot PIDFILE: no reboot since then; a torn marker does not tell of one.
same_boot() {
  read -r sb_boot _ <"$1" || return 0
  boot_id
  [ "$sb_boot" = "$value" ]
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

# lock_pids: the processes that hold the host's lock on descriptor 9, as every descendant of an op does, on standard output.
lock_pids() {
  stat -L -c '%d:%i %n' /proc/[0-9]*/fd/9 2>/dev/null |
    awk -v inode="$(stat -c %d:%i "$BELAY_BASE/host.lock")" '$1 == inode {split($2, part, "/"); print part[3]}'
}
