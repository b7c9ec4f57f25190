# verb/facts.sh: what this host is and has, as key=value lines with encoded values.
# shellcheck shell=sh
fact() {
  encode "$2"
  printf '%s=%s\n' "$1" "$value"
}

# tool NAME: "yes" or "no" under its own name.
tool() {
  if command -v "$1" >/dev/null 2>&1; then fact "$1" yes; else fact "$1" no && lacking=$lacking${lacking:+ }$1; fi
}

# os_field KEY FILE: one value of os-release, quotes taken off. The file is read, never sourced.
os_field() { sed -n "s/^$1=//p" "$2" 2>/dev/null | sed -n '1{s/^"\(.*\)"$/\1/;s/^'\''\(.*\)'\''$/\1/;p;}'; }

base_state() {
  for bs_dir in "$BELAY_BASE" "$BELAY_BASE/blobs" "$BELAY_BASE/runs" "$BELAY_BASE/tmp"; do
    [ -d "$bs_dir" ] || mkdir -p "$bs_dir" 2>/dev/null
    [ -w "$bs_dir" ] || { printf '%s is not writable' "$bs_dir" && return; }
  done
  printf ok
}

facts() {
  lacking=
  release=/etc/os-release
  [ -f "$release" ] || release=/usr/lib/os-release
  fact os "$(os_field ID "$release")"
  fact os_version "$(os_field VERSION_ID "$release")"
  fact kernel "$(uname -r)"
  fact arch "$(uname -m)"
  fact hostname "$(uname -n)"
  fact uid "$(id -u)"
  fact user "$(id -un 2>/dev/null)"
  boot_id
  fact boot_id "$value"
  fact uptime "$(uptime_seconds)"
  read_epoch
  fact epoch "${value:-0}"
  fact base "$(base_state)"
  fact fs_type "$(stat -f -c %T "$BELAY_BASE")"
  # shellcheck disable=SC2046 # two numbers
  set -- $(stat -f -c '%a %S %d' "$BELAY_BASE")
  fact free_kib "$(awk -v n="${1:-0}" -v size="${2:-0}" 'BEGIN {printf "%.0f", n * size / 1024}')"
  fact free_inodes "${3:-0}"
  fact mem_kib "$(awk '$1 == "MemTotal:" {print $2}' /proc/meminfo)"
  fact cpus "$(grep -c '^processor' /proc/cpuinfo)"
  fact shell "$(shell_name)"
  case $(tar --version 2>/dev/null) in *GNU*) tar=gnu ;; *) tar=busybox ;; esac
  command -v tar >/dev/null 2>&1 || tar=no
  fact tar "$tar"
  tool flock
  tool setsid
  tool sha256sum
  needed=$lacking
  lacking=
  tool getfacl
  tool getfattr
  tool setfattr
  if [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; then fact systemd yes; else fact systemd no; fi
  if [ -f "$BELAY_BASE/host.lock" ] && held; then fact lock held; else fact lock free; fi
  kill_user_processes
  fact kill_user_processes "$value"
  deadman_way
  deadman=$value
  fact deadman "$deadman"
  guard_state
  guard=$value
  fact guard "$guard"
  # Class A: the host puts itself back, whatever becomes of the daemon, the network or itself. B: it is put back when the
  # daemon reaches it again. C: something cannot be captured at all.
  [ "$tar" = gnu ] || lacking=$lacking${lacking:+ }gnu-tar
  class=A
  [ "$deadman" != no ] && [ "$guard" != no ] || class=B
  case " $lacking " in *' getfattr '* | *' setfattr '* | *' gnu-tar '*) class=C ;; esac
  fact class "$class"
  fact missing_tools "$needed${needed:+${lacking:+ }}$lacking"
}

shell_name() {
  sn_exe=$(readlink "/proc/$$/exe")
  printf '%s' "${sn_exe##*/}"
}

verb_facts() {
  # shellcheck source=guard.sh
  . "$BELAY_KIT/kit/verb/guard.sh"
  emit_text facts "$(facts)"
}
