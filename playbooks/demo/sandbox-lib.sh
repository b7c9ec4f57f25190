# Shared by sandbox.sh and demo.sh: where the sandbox is, which programs it runs, and processes that are surely ours.
#
# Needs $here (this folder). Gives $S (the sandbox's directory), $BIN (programs on PATH), die, note, fleet, mark, alive,
# end, wait_until. A process is ours when the pid file's pid and start time both fit: a recycled pid is never killed.

# Paths in Belay's configuration are plain (letters, digits, ".", "_", "-"), and a socket's path is short; both hold here
# wherever the source tree lies.
S=${BELAY_SANDBOX:-/var/tmp/belay-sandbox-$(id -u)}
BUILD=${BELAY_BUILD:-$(cd "$here/../.." && pwd)/build/release}
PATH=$BUILD/cli:$BUILD/daemon/app:$PATH
export PATH

die() {
  printf 'sandbox: %s\n' "$*" >&2
  exit 1
}

note() { printf '%s\n' "$*"; }

# Lines of hosts.txt: NAME ENVIRONMENT FEE_SCHEDULE
fleet() { grep -v '^#' "$here/hosts.txt"; }

# Start time of a process, in ticks since boot; nothing when there is none. A command name may hold ") ": cut at the last.
start_of() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# mark NAME PID: this process is ours from now on.
mark() {
  printf '%s %s\n' "$2" "$(start_of "$2")" >"$S/run/$1.pid.new"
  mv -f "$S/run/$1.pid.new" "$S/run/$1.pid"
}

# alive NAME: sets $pid when the marked process still runs.
alive() {
  pid=
  [ -f "$S/run/$1.pid" ] || return 1
  read -r pid started <"$S/run/$1.pid" || return 1
  [ -n "$started" ] && [ "$(start_of "$pid")" = "$started" ]
}

# wait_until TENTHS COMMAND...: asks ten times a second.
wait_until() {
  tries=$1
  shift
  while ! "$@"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}

gone() { ! alive "$1"; }

# end NAME: ends the marked process, politely at first.
end() {
  if alive "$1"; then
    kill -TERM "$pid" 2>/dev/null || true
    wait_until 100 gone "$1" || kill -KILL "$pid" 2>/dev/null || true
  fi
  rm -f "$S/run/$1.pid"
}

# listening PORT: somebody accepts connections on it, on any local address.
listening() {
  hex=$(printf '%04X' "$1")
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q "^ *[0-9]*: [0-9A-F]*:$hex [0-9A-F:]* 0A"
}
