# http: asks until the answer is right as often as it should be, or until time is up. Changes nothing.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
changed no
param_or from host
if [ "$value" = daemon ]; then
  say 'asked from the daemon'
  exit 0
fi
need url
url=$value
case $url in http://* | https://*) ;; *) die "$url is not an http or https URL" ;; esac
param_or status 200
status=$value
param_or within 60
within=$value
param_or every 1
every=$value
param_or consecutive 1
consecutive=$value
param_or method GET
method=$value
param_or insecure false
insecure=$value

# ask: the status into $got ("none" when there was no answer), the body into the file "body".
ask() {
  : >body
  if command -v curl >/dev/null 2>&1; then
    set -- --silent --show-error --globoff --max-time 10 --output - --write-out '\n%{http_code}' --proto '=http,https'
    [ "$insecure" != true ] || set -- "$@" --insecure
    if [ "$method" = HEAD ]; then set -- "$@" --head; fi
    curl "$@" --url "$url" 2>error | head -c 1048576 >body
    got=$(tail -n 1 body)
  else
    # The deadline is ours: BusyBox wget knows fewer words than GNU wget, and crashes on -T in some builds.
    set -- -q -S -O -
    case $(wget --help 2>&1) in *--max-redirect*) set -- "$@" --tries=1 --max-redirect=0 --content-on-error ;; esac
    [ "$insecure" != true ] || set -- "$@" --no-check-certificate
    if [ "$method" = HEAD ]; then set -- "$@" --spider; fi
    timeout 10 wget "$@" "$url" 2>error | head -c 1048576 >body
    got=$(sed -n 's/.*HTTP\/[0-9.]* \([0-9][0-9][0-9]\).*/\1/p' error | tail -n 1)
  fi
  case $got in [1-5][0-9][0-9]) ;; *) got=none ;; esac
}

right() {
  [ "$got" = "$status" ] || return 1
  param contains || return 0
  wanted=$value
  read_all body
  case $value in *"$wanted"*) return 0 ;; esac
  return 1
}

seconds() {
  IFS=. read -r now _ </proc/uptime
  printf '%s\n' "$now"
}

end=$(($(seconds) + within))
row=0
while :; do
  ask
  if right; then
    row=$((row + 1))
    if [ "$row" -ge "$consecutive" ]; then
      say "$url answered $got"
      exit 0
    fi
  else
    row=0
  fi
  [ "$(seconds)" -lt "$end" ] || break
  sleep "$every"
done
if [ "$got" = "$status" ]; then
  say "$url answered $got, but without the text that was asked for, for $within seconds. The body begins:"
  head -c 300 body
elif [ "$got" = none ]; then
  say "$url did not answer within $within seconds:"
  tail -n 3 error
else
  say "$url answered $got in place of $status for $within seconds"
fi
exit 1
