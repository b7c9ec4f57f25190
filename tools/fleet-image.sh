#!/bin/sh
# Makes the disks that tests/fleet boots: one of a whole Debian 12 machine, one of a machine that has BusyBox, flock and
# sshd and nothing else. Made once and kept; a change of this file makes them anew. Prints the directory they are in.
#
# usage: tools/fleet-image.sh            needs root: a user's call goes through sudo -n
#        tools/fleet-image.sh --where    prints the directory and makes nothing
#
# The disks are plain files, debian.ext4 and busybox.ext4, below BELAY_FLEET_CACHE (else XDG_CACHE_HOME/belay-fleet, else
# ~/.cache/belay-fleet). They may be removed at any time. The only network traffic of the fleet is here: packages, from
# the mirror that this machine's apt uses.
set -eu
LC_ALL=C
export LC_ALL
umask 022

packages=systemd,systemd-sysv,dbus,libpam-systemd,openssh-server,procps,util-linux,acl,attr,libcap2-bin,iproute2,busybox

die() {
  printf 'fleet-image: %s\n' "$*" >&2
  exit 1
}

cache=${BELAY_FLEET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/belay-fleet}
dir=$cache/$(sha256sum <"$0" | cut -c1-12)
if [ "${1-}" = --where ] || [ -f "$dir/complete" ]; then
  printf '%s\n' "$dir"
  exit 0
fi

mkdir -p "$cache"
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null 2>&1 || die "making the disks needs root, and there is no sudo here"
  sudo -n true 2>/dev/null || die "making the disks needs root, and sudo asks for a password: sudo BELAY_FLEET_CACHE=$cache $0"
  exec sudo -n env "BELAY_FLEET_CACHE=$cache" "BELAY_FLEET_OWNER=$(id -u):$(id -g)" "$0"
fi

# One maker at a time; who waited finds the work done.
exec 9<"$cache"
flock 9
if [ -f "$dir/complete" ]; then
  printf '%s\n' "$dir"
  exit 0
fi
command -v debootstrap >/dev/null 2>&1 || die "there is no debootstrap; run tools/setup.sh"

work=$cache/work
rm -rf "$work" "$dir.new"
mkdir -p "$work" "$dir.new"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# What this machine's apt uses for its own release, so that a mirror of the site is respected.
# shellcheck disable=SC2016  # the names are apt's
mirror=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(SITE)' 'Created-By: Packages' 2>/dev/null |
  sed -n 's/^Debian bookworm //p' | head -n 1)

tree=$work/debian
# shellcheck disable=SC2086  # no mirror, no word
debootstrap --variant=minbase --include="$packages" bookworm "$tree" $mirror >"$work/log" 2>&1 9<&- || {
  tail -n 20 "$work/log" "$tree/debootstrap/debootstrap.log" >&2 || true
  die "debootstrap failed; its last words are above"
}

# The machine: what a small server has, and no identity yet. Host keys, names and addresses come with each start.
rm -rf "$tree"/etc/ssh/ssh_host_* "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/* \
  "$tree"/usr/share/doc/* "$tree"/usr/share/man/* "$tree"/usr/share/locale/* "$tree/etc/hostname" "$tree/etc/machine-id"
: >"$tree/etc/machine-id"
printf 'PermitRootLogin prohibit-password\nPasswordAuthentication no\nMaxStartups 100\n' \
  >"$tree/etc/ssh/sshd_config.d/fleet.conf"
chroot "$tree" usermod -p '*' root 9<&-
# Nothing fetches anything by itself, and nobody logs in at the console.
chroot "$tree" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
  fstrim.timer console-getty.service getty.target systemd-networkd-wait-online.service 9<&-
chroot "$tree" systemctl --quiet enable systemd-networkd.service ssh.service 9<&-

# A small service to deploy to: it serves what its configuration said when it started, and some configurations break it.
cat >"$tree/usr/local/bin/demo-service" <<'END'
#!/bin/sh
# Reads /etc/demo.conf once, and says in /run/demo/serving what it read.
[ ! -e /etc/demo.broken ] || exit 3
grep -q '^message=' /etc/demo.conf || exit 2
mkdir -p /run/demo
cp /etc/demo.conf /run/demo/serving
exec sleep infinity
END
chmod 0755 "$tree/usr/local/bin/demo-service"
printf 'message=as delivered\n' >"$tree/etc/demo.conf"
cat >"$tree/etc/systemd/system/demo.service" <<'END'
[Unit]
Description=A service to deploy to

[Service]
ExecStart=/usr/local/bin/demo-service

[Install]
WantedBy=multi-user.target
END
chroot "$tree" systemctl --quiet enable demo.service 9<&-

# The other machine: BusyBox as every tool and as init; flock, which Debian's BusyBox lacks; and sshd with what it loads.
small=$work/busybox
mkdir -p "$small/bin" "$small/sbin" "$small/usr/bin" "$small/usr/sbin" "$small/etc/ssh" "$small/proc" "$small/sys" \
  "$small/dev" "$small/run" "$small/tmp" "$small/root" "$small/var/lib" "$small/var/empty" "$small/srv"
chmod 0700 "$small/root"
chmod 1777 "$small/tmp"
# Copies programs with the libraries they name; programs and libraries keep their places.
take() {
  for program in "$@"; do
    chroot "$tree" ldd "$program" 2>/dev/null | grep -o '/[^ ]*' | sort -u | while read -r library; do
      mkdir -p "$small${library%/*}"
      cp -L "$tree$library" "$small$library"
    done
    mkdir -p "$small${program%/*}"
    cp -L "$tree$program" "$small$program"
  done
}
take /bin/busybox /usr/bin/flock /usr/sbin/sshd
# sshd finds accounts through this one by name only.
nss=$(chroot "$tree" sh -c 'ls /lib/*-linux-gnu/libnss_files.so.2')
mkdir -p "$small${nss%/*}"
cp -L "$tree$nss" "$small$nss"
chroot "$small" /bin/busybox --install -s
printf 'root:*:0:0:root:/root:/bin/sh\nsshd:*:100:65534::/run/sshd:/bin/false\n' >"$small/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$small/etc/group"
printf 'PermitRootLogin prohibit-password\nPasswordAuthentication no\nMaxStartups 100\nUsePAM no\n' >"$small/etc/ssh/sshd_config"
printf 'ID=busybox\nPRETTY_NAME="BusyBox and nothing else"\n' >"$small/etc/os-release"
cat >"$small/etc/inittab" <<'END'
::sysinit:/etc/start
::respawn:/usr/sbin/sshd -D -e
::shutdown:/bin/kill -TERM -1
END
cat >"$small/etc/start" <<'END'
#!/bin/sh
mkdir -p /run/sshd
ip link set lo up
ip address add "$(cat /etc/address)" dev host0
ip link set host0 up
END
chmod 0755 "$small/etc/start"

# Disks of a size that a test can fill. mkfs takes the tree as it is; nothing has to be mounted.
mkfs.ext4 -q -E root_owner=0:0 -d "$tree" "$dir.new/debian.ext4" 1G >/dev/null
mkfs.ext4 -q -E root_owner=0:0 -d "$small" "$dir.new/busybox.ext4" 256M >/dev/null
: >"$dir.new/complete"
[ -z "${BELAY_FLEET_OWNER-}" ] || chown -R "$BELAY_FLEET_OWNER" "$dir.new"

for old in "$cache"/*/; do
  case ${old%/} in
    "$dir.new" | "$work") ;;
    *) rm -rf "$old" ;;
  esac
done
mv -T "$dir.new" "$dir"
printf '%s\n' "$dir"
