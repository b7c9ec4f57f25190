# way.sh: can a process of ours outlive the connection that started it on this host, and how? Sourced. Reads only; the
# answer is in $value.
# shellcheck shell=sh

# with_systemd: we may ask systemd for units.
with_systemd() { [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ] && command -v systemctl >/dev/null 2>&1; }

# logind_says PROPERTY: as logind has it in force now, whichever file it came from.
logind_says() {
  value=$(timeout 5 busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager "$1" 2>/dev/null) ||
    value=
}

# kill_user_processes: will logind end what our session leaves behind? yes, no, or unknown. A session's processes stand in
# its scope, whatever setsid or sudo they went through; outside of a session there is nothing to fear.
kill_user_processes() {
  value=no
  [ -d /run/systemd/seats ] || return 0
  ku_uid=$(sed -n 's|^.*/user-\([0-9]*\)[.]slice/session-[^/]*[.]scope.*$|\1|p' /proc/self/cgroup | head -n 1)
  if [ -z "$ku_uid" ]; then
    ! grep -q elogind /proc/self/cgroup || value=unknown
    return 0
  fi
  logind_says KillUserProcesses
  case $value in
    'b false') value=no && return ;;
    'b true') ;;
    *) value=unknown && return ;;
  esac
  # BusyBox id knows no numbers.
  ku_name=$(id -un "$ku_uid" 2>/dev/null) || ku_name=$(awk -F : -v uid="$ku_uid" '$3 == uid {print $1; exit}' /etc/passwd)
  logind_says KillExcludeUsers
  case " $value " in *" \"$ku_name\" "*) value=no && return ;; esac
  logind_says KillOnlyUsers
  case " $value " in
    ' as 0 ' | *" \"$ku_name\" "*) value=yes ;;
    '  ') value=unknown ;;
    *) value=no ;;
  esac
}

# deadman_way: what a dead-man would run under here: systemd, shell, or no.
deadman_way() {
  value=no
  command -v flock >/dev/null 2>&1 && command -v setsid >/dev/null 2>&1 || return 0
  if with_systemd && command -v systemd-run >/dev/null 2>&1; then
    value=systemd
    return
  fi
  kill_user_processes
  if [ "$value" = no ]; then value=shell; else value=no; fi
}
