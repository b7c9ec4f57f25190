# compare.sh: what is in the package's tree against what is on the host. Sourced by plan.sh and apply.sh.
# shellcheck shell=sh
path_kit=$BELAY_KIT/resource/path
# shellcheck source=../../resource/path/scan.sh
. "$path_kit/scan.sh"
# shellcheck source=../../resource/path/metadata.sh
. "$path_kit/metadata.sh"

# settings: the step's parameters: $list (a file), $to, $purge, $dir_mode, $own.
settings() {
  list=$BELAY_PARAMS/from
  [ -f "$list" ] || die 'the parameter "from" is missing'
  need to
  to=$value
  while :; do
    case $to in ?*/) to=${to%/} ;; *) break ;; esac
  done
  param_or purge false
  purge=$value
  param_or dir_mode ''
  dir_mode=$value
  param_or owner ''
  own=$value
  param_or group ''
  own=$own${value:+:$value}
}

# compare DIR: items (plan lines), and for apply: rm, rmdir, mkdir (encoded absolute paths), part (lines of the list to
# build), place ("PARENT PATH" of the same), modes, owned, sync_dirs.
compare() {
  wipe "$1" && mkdir -p "$1" || die "cannot work in $1"
  scan "$to" "$1/now" || die "$to could not be read as a whole: something keeps changing it"
  for cm_list in items rm rmdir mkdir part place modes owned sync_dirs; do : >"$1/$cm_list"; done
  encode "$to"
  want_user=${own%%:*}
  want_group=
  case $own in *:*) want_group=${own#*:} ;; esac
  ROOT=$value awk -v dir="$1" -v purge="$purge" -v dirmode="$dir_mode" -v uid="$(number_of passwd "$want_user")" \
    -v gid="$(number_of group "$want_group")" -f "$BELAY_KIT/action/tree/compare.awk" "$list" "$1/now/full" ||
    die "cannot compare $to"
  [ ! -s "$1/rmdir" ] || { sort -r "$1/rmdir" >"$1/sorted" && mv "$1/sorted" "$1/rmdir"; }
  [ ! -s "$1/mkdir" ] || { sort "$1/mkdir" >"$1/sorted" && mv "$1/sorted" "$1/mkdir"; }
}

# number_of passwd|group NAME: the number behind a name; a number stays, an unknown name is said by chown later.
number_of() {
  case $2 in
    '') ;;
    *[!0-9]*)
      if command -v getent >/dev/null 2>&1; then getent "$1" "$2"; else grep "^$2:" "/etc/$1"; fi | cut -d : -f 3
      ;;
    *) printf '%s\n' "$2" ;;
  esac
}
