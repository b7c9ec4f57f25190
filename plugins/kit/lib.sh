# lib.sh: what every script of an action or a resource begins with (. "$BELAY_KIT/kit/lib.sh"), and the kit itself uses.
# Runs under dash, bash and BusyBox sh, with GNU tools or BusyBox applets. All functions are total over all byte strings
# but NUL. Results that are strings come back in $value, so that trailing newlines survive and nothing forks needlessly.
# shellcheck shell=sh
# shellcheck disable=SC2034 # variables set here are for those who source this file
LC_ALL=C
export LC_ALL
NL='
'

say() { printf '%s\n' "$*"; }

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

# read_all FILE: the bytes of FILE into $value. The first lines are read without a fork; a long text goes through cat.
read_all() {
  value=
  ra_line=
  ra_n=0
  [ -r "$1" ] || return 1
  # shellcheck disable=SC2094 # read twice, never written
  while IFS= read -r ra_line; do
    value=$value$ra_line$NL
    ra_n=$((ra_n + 1))
    if [ "$ra_n" -gt 64 ]; then
      # shellcheck disable=SC2094 # read twice, never written
      value=$(cat "$1" && printf x) || return 1
      value=${value%x}
      return 0
    fi
  done <"$1"
  value=$value$ra_line
}

# param NAME: the parameter's value into $value; 1 when the step does not have it.
param() {
  value=
  [ -f "$BELAY_PARAMS/$1" ] || return 1
  read_all "$BELAY_PARAMS/$1"
}

need() { param "$1" || die "the parameter \"$1\" is missing: give it in the step of playbook.yaml"; }

param_or() { param "$1" || value=$2; }

# blob NAME: the path of the file that a payload-file parameter names.
blob() {
  need "$1"
  case $value in *[!0-9a-f]* | '') die "the parameter \"$1\" is not a digest" ;; esac
  value=$BELAY_BLOBS/$value
  [ -f "$value" ] || die "the content for \"$1\" (${value##*/}) is not on this host: stage the run again"
}

# run_argv NAME [CMD...]: runs CMD... followed by the elements of the list parameter NAME, each exactly as it was written.
run_argv() {
  ra_name=$1
  shift
  ra_i=0
  while param "$ra_name.$ra_i"; do
    set -- "$@" "$value"
    ra_i=$((ra_i + 1))
  done
  [ $# -gt 0 ] || die "the parameter \"$ra_name\" is missing or empty"
  "$@"
}

# encode TEXT, decode ENC: the path form of manifests (docs/host-protocol.md) and back, through $value.
encode() {
  value=$1
  case $1 in
    *[!A-Za-z0-9/._+@,:=%-]*) value=$(printf '%s' "$1" | od -An -v -to1 | awk -f "$BELAY_KIT/kit/encode.awk") ;;
  esac
}

decode() {
  value=$1
  case $1 in *\\*) ;; *) return 0 ;; esac
  # \ooo becomes \0ooo, which printf knows everywhere.
  value=
  dc_rest=$1
  while :; do
    case $dc_rest in *\\*) ;; *) break ;; esac
    value=$value${dc_rest%%\\*}\\0
    dc_rest=${dc_rest#*\\}
  done
  value=$(printf '%bx' "$value$dc_rest")
  value=${value%x}
}

# encode_list FILE: NUL-terminated names in FILE → encoded, one a line, on stdout. to_nul: the way back, stdin to stdout.
# Ordinary names take the short way through tr; both ways give the same form.
encode_list() {
  if [ "$(tr -d '\000\041-\133\135-\176' <"$1" | wc -c)" -eq 0 ]; then
    tr '\000' '\n' <"$1"
  else
    od -An -v -to1 "$1" | awk -f "$BELAY_KIT/kit/encode.awk"
  fi
}

to_nul() {
  sed 's/\\/\\0/g' | while IFS= read -r tn_line; do printf '%b\000' "$tn_line"; done
}

# short LIST: it has so few lines that reading them here is quicker than starting a program that does.
short() {
  sh_n=0
  while IFS= read -r sh_line; do
    sh_n=$((sh_n + 1))
    [ "$sh_n" -le 16 ] || return 1
  done <"$1"
}

# with_each LIST CMD...: CMD with the names in LIST (encoded, one a line) as its last arguments, in bulk. $value is lost.
with_each() {
  [ -s "$1" ] || return 0
  we_file=$1
  shift
  if short "$we_file"; then
    while IFS= read -r we_line; do
      decode "$we_line"
      set -- "$@" "$value"
    done <"$we_file"
    "$@" </dev/null
  else
    nul_list "$we_file" | xargs -0 "$@"
  fi
}

# nul_list LIST: the names in it as they are, each ended by a NUL, on standard output.
nul_list() {
  if short "$1"; then
    while IFS= read -r nl_line; do
      decode "$nl_line"
      printf '%s\000' "$value"
    done <"$1"
  elif grep -q '\\' "$1"; then to_nul <"$1"; else tr '\n' '\000' <"$1"; fi
}

# wipe PATH...: all of them are gone. Nothing is started when nothing is there.
wipe() {
  for wi_path; do
    if [ -e "$wi_path" ] || [ -L "$wi_path" ]; then
      rm -rf -- "$@"
      return
    fi
  done
}

# parent_of PATH: its parent directory into $value ("/" for a name at the top).
parent_of() {
  value=${1%/*}
  [ -n "$value" ] || value=/
}

# sync_tree DIR: everything under DIR is on the disk. Many files go by one syncfs, but only where the kernel reports
# its errors (5.8 and later).
sync_tree() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  find "$1" -xdev \( -type f -o -type d \) -exec sh -c '
    if [ $# -gt 200 ]; then
      case $(uname -r) in [0-4].* | 5.[0-7] | 5.[0-7][!0-9]*) ;; *) exec sync -f "$0" ;; esac
    fi
    exec sync "$@"' "$1" {} +
}

# put FILE VALUE [OTHER]: FILE holds VALUE and a newline, whole and durable, or is as it was. OTHER is on the disk before
# FILE is there.
put() {
  printf '%s\n' "$2" >"$1.tmp.$$" && sync ${3:+"$3"} "$1.tmp.$$" && mv -f -T "$1.tmp.$$" "$1" || return 1
  parent_of "$1"
  sync "$value"
}

# beside PATH: a name in PATH's directory into $value, for building what will be renamed to PATH. The name carries run and
# step, so that a restore finds and removes what an apply that was killed left there.
beside() {
  parent_of "$1"
  bs_step=${BELAY_STEP##*/}
  bs_run=${BELAY_STEP%/*}
  value=${value%/}/.belay-${bs_run##*/}-$bs_step-$$
}

# rename SRC DEST: SRC takes the place of DEST at once. BusyBox mv looks through a link at DEST and refuses one that leads
# to a directory, or in a circle; there the link goes first, and there is a moment without it.
rename() {
  if [ -L "$2" ]; then
    mv -f -T -- "$1" "$2" 2>/dev/null && return 0
    rm -f -- "$2"
  fi
  mv -f -T -- "$1" "$2"
}

# place SRC DEST [MODE [OWNER [GROUP]]]: DEST becomes a copy of SRC in one rename; its directory must exist. Without OWNER
# and GROUP a file that was there keeps its own. $placed says whether anything had to be done. An existing directory is
# never replaced; a symbolic link at DEST is replaced, never followed.
place() {
  [ ! -d "$2" ] || [ -L "$2" ] || die "$2 is a directory, a file cannot take its place"
  placed=no
  beside "$2"
  pl_tmp=$value
  pl_old=
  pl_own=${4:-}${5:+:$5}
  wipe "$pl_tmp"
  (umask 077 && exec cat <"$1" >"$pl_tmp") || die "cannot write beside $2"
  if [ -f "$2" ] && [ ! -L "$2" ]; then
    # "MODE UID:GID" of both, first the file that is there.
    pl_old=$(stat -c '%a %u:%g' -- "$2" "$pl_tmp")
    pl_is=${pl_old#*"$NL"}
    pl_old=${pl_old%%"$NL"*}
    [ "${pl_old#* }" = "${pl_is#* }" ] || chown "${pl_old#* }" -- "$pl_tmp" 2>/dev/null || :
  fi
  if [ -n "$pl_own" ]; then chown "$pl_own" -- "$pl_tmp" || die "cannot give $2 to $pl_own"; fi
  chmod "${3:-0644}" -- "$pl_tmp" || die "cannot give $2 the mode ${3:-0644}"
  if [ -n "$pl_old" ] && [ "$pl_old" = "$(stat -c '%a %u:%g' -- "$pl_tmp")" ] &&
    cmp -s "$2" "$pl_tmp"; then
    rm -f -- "$pl_tmp"
    return 0
  fi
  sync "$pl_tmp" && rename "$pl_tmp" "$2" || die "cannot put $2 into place"
  placed=yes
  parent_of "$2"
  sync "$value"
}

# make_parents PATH: the directories above PATH exist; new ones get mode 0755 whatever the umask.
make_parents() {
  parent_of "$1"
  [ -d "$value" ] || (umask 022 && mkdir -p -- "$value") || die "cannot create the directory $value"
}

# changed yes|no: an apply says whether it changed anything. Without it the run shows "unknown".
changed() { printf '%s\n' "$1" >"$BELAY_STEP/apply.changed"; }

# detach CMD...: starts CMD in a session of its own, without the host's lock and without our terminal and pipes. The
# process id is in $value. What it prints goes to /dev/null, or to the file $DETACH_LOG.
detach() {
  setsid "$@" </dev/null >>"${DETACH_LOG:-/dev/null}" 2>&1 9>&- &
  value=$!
}

# starttime PID: the clock tick at which PID was started, into $value; 1 when there is no such process. PID and start
# time together name a process for as long as the host is up. The command's own name may hold ")" and spaces.
starttime() {
  value=
  read_all "/proc/$1/stat" 2>/dev/null || return 1
  st_rest=${value##*) }
  # shellcheck disable=SC2086 # split into words: they are numbers
  set -- $st_rest
  value=
  case ${1:-Z} in Z | X) return 1 ;; esac
  [ $# -ge 20 ] || return 1
  shift 19
  value=$1
}

boot_id() { IFS= read -r value </proc/sys/kernel/random/boot_id; }

# nap: a short pause in a loop that waits for something; whole seconds where sleep knows no fractions.
nap() { sleep 0.05 2>/dev/null || sleep 1; }
