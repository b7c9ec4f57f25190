# verb/fence.sh EPOCH: from now on this host obeys this epoch. A runner of an older one is ended; when the lock has been
# ours for a moment, nobody of an older epoch can act any more.
# shellcheck shell=sh

# end_group PID: a process group, and whoever of its session left the group but still holds the lock.
end_group() {
  kill -KILL "-$1" 2>/dev/null
  end_holders "$1"
}

# end_holders PID: whoever of this session holds the lock.
end_holders() {
  for eg_pid in $(lock_pids); do
    read_all "/proc/$eg_pid/stat" 2>/dev/null || continue
    # shellcheck disable=SC2086 # numbers: state ppid pgrp session
    set -- "$1" ${value##*) }
    [ "${5:-}" = "$1" ] && kill -KILL "$eg_pid" 2>/dev/null
  done
}

# end_left_behind RUNDIR: an op of this run that has ended left a process that still holds the lock, so nothing else could
# ever happen on this host. It belongs to what is being taken back. One that let go of the lock is none of our business.
end_left_behind() {
  for el_file in "$1"/*/*.child; do
    [ -f "$el_file" ] && [ -e "${el_file%.child}.rc" ] && same_boot "${el_file%.child}.pid" || continue
    read -r el_pid el_start <"$el_file"
    # The number may belong to somebody else by now, but never while its session still has a member.
    if starttime "$el_pid" && [ "$value" != "$el_start" ]; then continue; fi
    end_holders "$el_pid"
  done
  # What was killed lets go of the lock a moment later.
  el_tries=0
  while held && [ "$el_tries" -lt 20 ]; do
    el_tries=$((el_tries + 1))
    nap
  done
}

# end_op MARK: the runner behind a marker, and the group in which its script runs: its leader may have died before its
# children.
end_op() {
  ! alive "$1.pid" || end_group "$pid"
  [ -f "$1.child" ] && read -r eo_pid eo_start <"$1.child" || return 0
  if starttime "$eo_pid" && [ "$value" != "$eo_start" ]; then return 0; fi
  end_group "$eo_pid"
}

# end_older EPOCH: every recorded runner of an older epoch that has no result; $own says that one of our own epoch lives.
end_older() {
  own=no
  for eo_pid_file in "$BELAY_BASE"/runs/*/*/*.pid; do
    eo_mark=${eo_pid_file%.pid}
    [ -f "$eo_pid_file" ] && [ ! -e "$eo_mark.rc" ] && same_boot "$eo_pid_file" || continue
    read -r _ _ _ eo_epoch <"$eo_pid_file" || continue
    if [ "$eo_epoch" = "$1" ]; then
      ! alive "$eo_pid_file" || own=yes
      continue
    fi
    # A newer one has come meanwhile: the host is not ours any more, and its runner none of our business.
    case $eo_epoch in '' | *[!0-9]*) eo_epoch=0 ;; esac
    [ "$eo_epoch" -lt "$1" ] || continue
    end_op "$eo_mark"
  done
}

# raise_epoch EPOCH: compares and writes as one act, so that a late fence can never take the epoch back. The lock is one of
# its own: the host's is held by the very runner that is to be ended. It is held for moments, and never removed.
raise_epoch() {
  (: >>"$BELAY_BASE/epoch.lock") 2>/dev/null || fail 70 "cannot open $BELAY_BASE/epoch.lock"
  exec 7>>"$BELAY_BASE/epoch.lock"
  until flock -n 7; do
    [ "$(uptime_seconds)" -lt "$fe_end" ] || fail 75 "another fence of this host does not come to its end"
    nap
  done
  read_epoch
  [ "${value:-0}" -le "$1" ] || fail 76 "this host answers to epoch $value, which is newer than $1: this journal is out of date"
  [ "${value:-0}" -eq "$1" ] || put "$BELAY_BASE/epoch" "$1" || fail 74 "cannot write $BELAY_BASE/epoch"
  exec 7>&-
}

verb_fence() {
  want_number "${1:-}"
  (: >>"$BELAY_BASE/host.lock") 2>/dev/null || fail 70 "cannot open $BELAY_BASE/host.lock"
  fe_end=$(($(uptime_seconds) + 10))
  raise_epoch "$1"
  end_older "$1"
  # A live runner of this very epoch is ours: it passed the epoch check under the lock, so nobody older holds it.
  if [ "$own" = no ]; then
    until lock 0; do
      [ "$(uptime_seconds)" -lt "$fe_end" ] || {
        lock_holders
        fail 75 "the lock of this host is held by ${value:-a process that cannot be seen}: end it, then try again"
      }
      nap
      end_older "$1"
      [ "$own" = no ] || break
    done
    # Between the write and the lock a newer one may have come.
    read_epoch
    [ "$value" = "$1" ] || fail 76 "this host answers to epoch ${value:-none} by now, not to $1"
  fi
  emit_text epoch "$1"
}
