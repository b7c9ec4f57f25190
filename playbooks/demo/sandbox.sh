#!/bin/sh
# Six hosts, three environments and a daemon on this machine, to try Belay on: real sshd, everything on loopback, nothing
# needs root, nothing outside one directory is touched.
#
# usage: sandbox.sh start    make it when it is not there, start what does not run, say how to use it
#        sandbox.sh stop     end its processes; what was deployed stays for the next start
#        sandbox.sh status   what runs
#        sandbox.sh reset    stop, and forget everything
#
# BELAY_SANDBOX names another directory, BELAY_BUILD another build.
set -eu
LC_ALL=C
export LC_ALL
umask 077

here=$(cd "$(dirname "$0")" && pwd)
. "$here/sandbox-lib.sh"
pid=  # of the last process that alive found

# Twelve free ports in a row: one sshd and one nginx per host.
choose_ports() {
  base=${BELAY_SANDBOX_PORT:-28100}
  while [ "$base" -lt 32000 ]; do
    offset=0
    while [ "$offset" -lt 12 ] && ! listening $((base + offset)); do offset=$((offset + 1)); done
    if [ "$offset" = 12 ]; then
      printf '%s\n' "$base"
      return
    fi
    base=$((base + 12))
  done
  die "no twelve free ports in a row between 28100 and 32000; name some with BELAY_SANDBOX_PORT"
}

# make_key FILE COMMENT
make_key() {
  [ -f "$1" ] || ssh-keygen -q -t ed25519 -N '' -C "$2" -f "$1"
}

# sshd that serves one host to one identity: the release manager of its environment.
make_host() {
  name=$1
  environment=$2
  dir=$S/hosts/$name
  mkdir -p "$dir/ssh" "$dir/home" "$dir/belay" "$dir/portal/etc" "$dir/portal/log" "$dir/portal/run" "$dir/portal/tmp" \
    "$dir/portal/releases"
  make_key "$dir/ssh/host_key" "$name"
  printf 'restrict %s\n' "$(cat "$S/keys/$environment.pub")" >"$dir/ssh/authorized_keys"
  # A locked password is no reason to refuse a key, but without PAM root's sshd thinks so.
  use_pam=no
  if [ "$(id -u)" = 0 ] && grep -q '^root:!' /etc/shadow 2>/dev/null; then use_pam=yes; fi
  cat >"$dir/ssh/sshd_config" <<END
ListenAddress 127.0.0.1
Port $3
HostKey $dir/ssh/host_key
PidFile none
AuthorizedKeysFile $dir/ssh/authorized_keys
# A host of its own: what the login shell reads at home is not what you keep in yours.
SetEnv HOME=$dir/home
# The sandbox may lie below a directory that others can write to, such as /var/tmp; its own directories are 0700.
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM $use_pam
X11Forwarding no
PrintMotd no
MaxStartups 100
LogLevel ERROR
END
}

write_config() {
  user=$(id -un)
  printf 'release@permits-portal namespaces="belay-package" %s\n' "$(cut -d' ' -f1,2 "$S/keys/release.pub")" \
    >"$S/config/allowed_signers"
  {
    printf '%s\n' '# Three environments, each with an identity of its own. What is not written here has the default of its tier.' \
      'environments:'
    # Each is called like its tier, and production comes last: the rules below are its.
    for environment in development test production; do
      cat <<END
  $environment:
    tier: $environment
    user: $user
    key: $S/keys/$environment
    signers: $S/config/allowed_signers
    vars: {service_user: $user}
END
    done
    cat <<END
    require:
      # Real production takes approved changes only. The sandbox has nobody to approve them, so it lets
      # belay deploy FILE -e production through; signature, rehearsal and drift check stay as strict as shipped.
      direct: true
END
  } >"$S/config/environments.yaml"
  cat >"$S/config/belayd.yaml" <<END
state: $S/state
socket: $S/run/belayd.sock
environments: $S/config/environments.yaml
workers: $BUILD/libexec
plugins: $(cd "$here/../../plugins" && pwd)
END
  cat >"$S/env.sh" <<END
# . $S/env.sh    puts belay on PATH and points it at the sandbox's daemon
PATH=$BUILD/cli:\$PATH
BELAY_SOCKET=$S/run/belayd.sock
BELAY_PLUGINS=$(cd "$here/../../plugins" && pwd)
export PATH BELAY_SOCKET BELAY_PLUGINS
END
}

make_sandbox() {
  if [ -e "$S" ] && [ ! -f "$S/.belay-sandbox" ]; then
    die "$S is there and is no sandbox of Belay's; name another directory with BELAY_SANDBOX"
  fi
  mkdir -p "$S"
  [ "$(stat -c %u "$S")" = "$(id -u)" ] || die "$S belongs to somebody else; name another directory with BELAY_SANDBOX"
  : >"$S/.belay-sandbox"
  mkdir -p "$S/keys" "$S/config" "$S/hosts" "$S/run" "$S/log" "$S/packages"
  [ -f "$S/ports" ] || choose_ports >"$S/ports"
  for key in release development test production; do make_key "$S/keys/$key" "$key"; done
  write_config
}

# A stopped sandbox keeps its ports in its files, but nobody keeps them free for it.
check_ports() {
  port=$(cat "$S/ports")
  fleet | while read -r name _; do
    taken=
    if ! alive "sshd-$name" && listening "$port"; then taken=$port; fi
    if [ ! -f "$S/hosts/$name/portal/run/nginx.pid" ] && listening $((port + 6)); then taken=$((port + 6)); fi
    [ -z "$taken" ] || die "port $taken of $name is taken by another program; end that, or begin anew with sandbox.sh reset"
    port=$((port + 1))
  done
}

start_hosts() {
  # As root, sshd insists on this directory; packages of sshd make it at boot.
  if [ "$(id -u)" = 0 ] && [ ! -d /run/sshd ]; then mkdir -m 0755 /run/sshd; fi
  port=$(cat "$S/ports")
  fleet | while read -r name environment _; do
    make_host "$name" "$environment" "$port"
    if ! alive "sshd-$name"; then
      setsid /usr/sbin/sshd -D -f "$S/hosts/$name/ssh/sshd_config" -E "$S/log/sshd-$name.log" </dev/null >/dev/null 2>&1 &
      mark "sshd-$name" $!
      wait_until 100 listening "$port" || die "sshd of $name does not come up; see $S/log/sshd-$name.log"
    fi
    port=$((port + 1))
  done
}

answers() { belay status >/dev/null 2>&1; }

start_daemon() {
  for program in belay belayd; do
    command -v "$program" >/dev/null || die "there is no $program in $BUILD; run make build"
  done
  . "$S/env.sh"
  alive belayd && return
  setsid belayd --config "$S/config/belayd.yaml" </dev/null >>"$S/log/belayd.log" 2>&1 &
  mark belayd $!
  wait_until 300 answers || {
    tail -n 20 "$S/log/belayd.log" >&2
    die "belayd does not answer; its last words are above, all of them in $S/log/belayd.log"
  }
}

# Host keys are pinned from the files themselves: nothing is trusted because a network said so.
add_hosts() {
  port=$(cat "$S/ports")
  fleet | while read -r name environment fees; do
    belay host add "$name" -e "$environment" --address 127.0.0.1 --port "$port" --group web \
      --base "$S/hosts/$name/belay" --key "$(cut -d' ' -f1,2 "$S/hosts/$name/ssh/host_key.pub")" \
      --var "root=$S/hosts/$name/portal" --var "port=$((port + 6))" --var "fee_schedule=$fees" >/dev/null
    port=$((port + 1))
  done
}

# The portals were started by steps on the hosts; a pid file inside the sandbox and a command line that names it say whose.
stop_portals() {
  for file in "$S"/hosts/*/portal/run/nginx.pid; do
    [ -f "$file" ] || continue
    master=$(cat "$file")
    case $(tr '\000' ' ' <"/proc/$master/cmdline" 2>/dev/null) in
      *"$S/hosts/"*) kill -QUIT "$master" 2>/dev/null || true ;;
    esac
  done
}

# What a host's boot would do: a portal that was deployed and stopped with the sandbox runs again.
start_portals() {
  for dir in "$S"/hosts/*/portal; do
    if [ ! -f "$dir/etc/nginx.conf" ] || [ ! -e "$dir/current" ] || [ -f "$dir/run/nginx.pid" ]; then continue; fi
    /usr/sbin/nginx -p "$dir/" -c etc/nginx.conf || die "the portal in $dir does not start; see $dir/log/error.log"
  done
}

stop_all() {
  [ -f "$S/.belay-sandbox" ] || return 0
  end belayd
  fleet | while read -r name _; do end "sshd-$name"; done
  stop_portals
}

show_status() {
  [ -f "$S/.belay-sandbox" ] || die "there is no sandbox in $S; make sandbox starts one"
  if alive belayd; then note "belayd    runs as $pid"; else note "belayd    stopped"; fi
  port=$(cat "$S/ports")
  fleet | while read -r name environment _; do
    if alive "sshd-$name"; then ssh="sshd on $port"; else ssh="stopped"; fi
    if listening $((port + 6)); then portal="portal on $((port + 6))"; else portal="no portal"; fi
    printf '%-9s %-12s %-16s %s\n' "$name" "$environment" "$ssh" "$portal"
    port=$((port + 1))
  done
}

say_how() {
  cat <<END

The sandbox runs in $S.

  . $S/env.sh                        # belay on PATH, pointed at this daemon
  belay env check production                                 # reach every host of an environment
  belay package build playbooks/permits-portal/1.0 -o /tmp/portal.belay
  belay package sign /tmp/portal.belay --key $S/keys/release
  belay plan /tmp/portal.belay -e development                # what would happen
  belay deploy /tmp/portal.belay -e development              # make it happen
  belay run list

  $here/sandbox.sh status | stop | reset
END
}

case ${1-} in
  start)
    make_sandbox
    check_ports
    start_hosts
    start_portals
    start_daemon
    add_hosts
    show_status
    [ "${2-}" = --quiet ] || say_how
    ;;
  stop)
    stop_all
    note "The sandbox has stopped. What was deployed is still in $S; start goes on from there, reset forgets it."
    ;;
  status) show_status ;;
  reset)
    stop_all
    if [ -f "$S/.belay-sandbox" ]; then rm -rf "${S:?}"; fi
    ;;
  *)
    sed -n 's/^# usage: /usage: /p;s/^#        sandbox/       sandbox/p' "$0" >&2
    exit 64
    ;;
esac
