#!/bin/sh
# Installs the Debian packages of tools/packages.txt that are not there yet. Quick, and without root, when all are.
#
# usage: tools/setup.sh [--check]     --check installs nothing: it lists what is missing and exits 1
#
# Works as root and as a user with sudo. sshd and nginx are only needed as programs: when this script is what brings
# them, their system services are neither started now nor enabled for the next boot. Services that were there before
# are left alone.
set -eu
LC_ALL=C
export LC_ALL

here=$(cd "$(dirname "$0")" && pwd)
list=$here/packages.txt

die() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

command -v dpkg-query >/dev/null 2>&1 ||
  die "this is not a Debian system; install what tools/packages.txt names by hand, then use cmake --preset release"

installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=
while read -r name; do
  case $name in
    '' | '#'*) ;;
    *) installed "$name" || missing="$missing $name" ;;
  esac
done <"$list"

[ -n "$missing" ] || exit 0
if [ "${1-}" = --check ]; then
  printf '%s\n' "missing:$missing"
  exit 1
fi

if [ "$(id -u)" = 0 ]; then
  as_root=
else
  as_root=sudo
  command -v sudo >/dev/null 2>&1 || die "run this as root, there is no sudo:  apt-get install$missing"
fi

# invoke-rc.d asks this file before it starts a service; 101 means "do not".
guard=/usr/sbin/policy-rc.d
guard_is_ours=no
unguard() {
  [ "$guard_is_ours" = no ] || $as_root rm -f "$guard"
}
if [ ! -e "$guard" ]; then
  trap unguard EXIT
  trap 'exit 130' INT TERM HUP
  guard_is_ours=yes
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$guard" >/dev/null
  $as_root chmod 0755 "$guard"
fi

printf '%s\n' "setup: installing$missing"
$as_root apt-get update -q
# shellcheck disable=SC2086  # a list of package names is meant to be split
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing

# Debian enables a service when its package is installed; keep the next boot as it was.
for pair in openssh-server:ssh.service nginx-light:nginx.service; do
  case " $missing " in
    *" ${pair%%:*} "*)
      if command -v systemctl >/dev/null 2>&1; then
        $as_root systemctl disable --quiet "${pair#*:}" >/dev/null 2>&1 ||
          printf 'setup: could not disable %s; it may start at the next boot\n' "${pair#*:}" >&2
      fi
      ;;
  esac
done

for name in $missing; do
  installed "$name" || die "apt-get did not install $name; see its messages above"
done
