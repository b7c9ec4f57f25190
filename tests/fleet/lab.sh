#!/bin/sh
# Runs a program of the fleet as root, in a network, a process tree and a set of mounts of its own: what it starts,
# mounts and links ends with it, however it ends.
#
# usage: lab.sh PROGRAM [WORD...]     a user's call goes through sudo -n. PROGRAM's status is the status.
set -eu
LC_ALL=C
export LC_ALL

die() {
  printf 'lab: %s\n' "$*" >&2
  exit 1
}

if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null 2>&1 || die "the fleet boots machines and needs root; there is no sudo here"
  sudo -n true 2>/dev/null || die "the fleet boots machines and needs root; sudo asks for a password here"
  cache=${BELAY_FLEET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/belay-fleet}
  exec sudo -n env "BELAY_FLEET_CACHE=$cache" ${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} \
    ${UBSAN_OPTIONS:+"UBSAN_OPTIONS=$UBSAN_OPTIONS"} ${TMPDIR:+"TMPDIR=$TMPDIR"} "$0" "$@"
fi

for tool in systemd-nspawn nsenter unshare ip mkfs.ext4 losetup; do
  command -v "$tool" >/dev/null 2>&1 || die "there is no $tool here; run tools/setup.sh"
done
[ -e /dev/loop-control ] || die "this machine has no loop devices (/dev/loop-control), and every host's disk is one"
unshare --mount --net --pid --time --fork true 2>/dev/null ||
  die "this machine lets not even root make namespaces; the fleet cannot run in it"

# The shell in the middle is the first process of the tree: it takes in orphans, and its end ends them all.
BELAY_FLEET_LAB=1
export BELAY_FLEET_LAB
# shellcheck disable=SC2016  # it is for the inner shell
exec unshare --mount --net --pid --fork --kill-child --mount-proc -- sh -c 'ip link set lo up && "$@"; exit $?' sh "$@"
