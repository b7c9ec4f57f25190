# wait: for a time, a path or a port. Changes nothing.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
changed no
if param for; then
  sleep "$value"
  exit 0
fi
param_or within 60
within=$value

# listens PORT: somebody on this host listens on it, whatever the address.
listens() {
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$(printf ':%04X' "$1")" '
    $4 == "0A" && substr($2, length($2) - 4) == port {found = 1}
    END {exit !found}'
}

# connects HOST PORT: a connection can be made; with whatever tool this host has.
connects() {
  if command -v nc >/dev/null 2>&1; then
    nc -w 2 "$1" "$2" </dev/null >/dev/null 2>&1
  elif command -v curl >/dev/null 2>&1; then
    curl --silent --connect-timeout 2 --max-time 2 --output /dev/null --url "telnet://$1:$2" </dev/null
    # 28: connected, then nothing more came until the time was up.
    case $? in 0 | 28 | 56) return 0 ;; *) return 1 ;; esac
  else
    die 'this host has neither nc nor curl, so it cannot ask for a port of another host'
  fi
}

if param path; then
  what=$value
  there() { [ -e "$what" ] || [ -L "$what" ]; }
else
  need port
  port=$value
  param_or host localhost
  host=$value
  what="port $port of $host"
  case $host in
    localhost | 127.0.0.1 | ::1) there() { listens "$port"; } ;;
    *) there() { connects "$host" "$port"; } ;;
  esac
fi

seconds() {
  IFS=. read -r now _ </proc/uptime
  printf '%s\n' "$now"
}
end=$(($(seconds) + within))
until there; do
  [ "$(seconds)" -lt "$end" ] || die "$what was not there within $within seconds"
  nap
done
say "$what is there"
