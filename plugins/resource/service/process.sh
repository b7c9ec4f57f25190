# process.sh: a service that nobody looks after: a process that is found by its pid file. What Belay knows about it is in
# B/services/NAME: "start.N" the words it was started with, "process" its boot id, pid and start time.
# shellcheck shell=sh
record=$BELAY_BASE/services/$name
param_or pid_file "$record/pid"
pid_file=$value

# running: the process of the pid file lives; its id is in $pid. The pid of another process that got the same number
# later does not count, as far as we saw the start of ours.
running() {
  pid=
  [ -f "$pid_file" ] || return 1
  read -r pid _ <"$pid_file" || [ -n "$pid" ] || return 1
  case $pid in '' | 0 | 1 | *[!0-9]*) return 1 ;; esac
  starttime "$pid" || return 1
  rn_now=$value
  [ -f "$record/process" ] || return 0
  read -r rn_boot rn_pid rn_start <"$record/process" || return 0
  boot_id
  [ "$rn_boot" != "$value" ] || [ "$rn_pid" != "$pid" ] || [ "$rn_start" = "$rn_now" ]
}

enabled_word() { value=-; }
set_enabled() { die "$name is a plain process: only systemd starts services at boot"; }
forget_units() { :; }

# start_digest: one digest over the words the service was started with, each ended by a NUL.
start_digest() {
  value=-
  [ -f "$record/start.0" ] || return 0
  value=$(words_of "$record" | sha256sum | cut -d ' ' -f 1)
}
words_of() {
  wo_n=0
  while [ -f "$1/start.$wo_n" ]; do
    cat "$1/start.$wo_n"
    printf '\000'
    wo_n=$((wo_n + 1))
  done
}

# remember_start: the step's own start words become the recorded ones. keep_start DIR, bring_start_back DIR: to and from
# the snapshot.
remember_start() {
  if [ -f "$BELAY_PARAMS/start.0" ]; then copy_words "$BELAY_PARAMS" "$record"; fi
}
keep_start() { copy_words "$record" "$1"; }
bring_start_back() { copy_words "$1" "$record"; }
copy_words() {
  mkdir -p "$2" && rm -f "$2"/start.* || die "cannot write in $2"
  cw_n=0
  while [ -f "$1/start.$cw_n" ]; do
    cp "$1/start.$cw_n" "$2/start.$cw_n" || die "cannot write in $2"
    cw_n=$((cw_n + 1))
  done
  sync_tree "$2" || die "cannot write in $2"
}

# start_service: with the recorded words. The process may stay in the foreground (then its pid is the one we started) or
# go to the background and write its pid file.
start_service() {
  [ -f "$record/start.0" ] || die "nobody said how $name is started: give the step a \"start\""
  mkdir -p "$record"
  rm -f -- "$pid_file"
  saved=$BELAY_PARAMS
  BELAY_PARAMS=$record
  DETACH_LOG=$record/log
  : >"$DETACH_LOG"
  run_argv start detach
  BELAY_PARAMS=$saved
  child=$value
  tries=0
  st_rc=
  until running && [ -s "$pid_file" ]; do
    tries=$((tries + 1))
    if ! starttime "$child"; then
      if [ -z "$st_rc" ]; then
        wait "$child"
        st_rc=$?
      fi
      # Status 0: it went to the background and is about to write its pid file.
      [ "$st_rc" -eq 0 ] && [ "$tries" -lt 200 ] || {
        head -c 4096 "$DETACH_LOG"
        die "$name ended right after its start (status $st_rc)"
      }
    elif [ "$tries" -ge 10 ] && [ ! -s "$pid_file" ]; then
      # It stays in the foreground and writes no pid file: we do.
      printf '%s\n' "$child" >"$pid_file" || die "cannot write $pid_file"
    fi
    nap
  done
  starttime "$pid"
  st_start=$value
  boot_id
  put "$record/process" "$value $pid $st_start"
}

# stop_service: politely, then not. A process that is its group's leader takes its children with it.
stop_service() {
  running || return 0
  starttime "$pid"
  sp_start=$value
  if [ -f "$BELAY_PARAMS/stop.0" ]; then
    run_argv stop || say "the stop command of $name failed"
  else
    kill -TERM "$pid" 2>/dev/null
  fi
  IFS=. read -r sp_now _ </proc/uptime
  sp_end=$((sp_now + stop_timeout))
  while starttime "$pid" && [ "$value" = "$sp_start" ]; do
    IFS=. read -r sp_now _ </proc/uptime
    if [ "$sp_now" -ge "$sp_end" ]; then
      say "$name did not stop within $stop_timeout seconds and is killed"
      kill -KILL "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null
      sp_end=$((sp_now + 10))
    fi
    nap
  done
  rm -f -- "$pid_file" "$record/process"
}

# reload_service: the step's command, or a signal.
reload_service() {
  running || die "$name does not run"
  if [ -f "$BELAY_PARAMS/reload.1" ]; then
    run_argv reload || die "the reload command of $name failed"
    return
  fi
  param_or reload.0 HUP
  case $value in
    *[!A-Z0-9]*) run_argv reload || die "the reload command of $name failed" ;;
    *) kill "-${value#SIG}" "$pid" || die "cannot send $value to $name" ;;
  esac
}
