# metadata.sh: owner, attributes, mode, times and flags of entries that are in place. Sourced by restore.sh.
# The order matters: a change of owner drops set-id bits and capabilities, an ACL changes the mode.
# shellcheck shell=sh

# grouped FILE CMD...: for "VALUE PATH" lines: CMD... VALUE PATHS..., once per distinct value and in bulk.
grouped() {
  gr_file=$1
  shift
  [ -s "$gr_file" ] || return 0
  rm -rf "$gr_file.d" && mkdir "$gr_file.d" || return 1
  sort "$gr_file" | awk -v dir="$gr_file.d" '
    NR == 1 || ($1 "") != last {if (n) close(dir "/" n); last = $1 ""; print ++n, $1 > (dir "/values")}
    {print $2 > (dir "/" n)}'
  gr_rc=0
  while read -r gr_n gr_value; do
    with_each "$gr_file.d/$gr_n" "$@" "$gr_value" -- || gr_rc=1
  done <"$gr_file.d/values"
  return "$gr_rc"
}

# set_times FILE: modification times, without opening or following anything.
set_times() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  grouped "$1" sh -c 'time=$1; shift 2; exec touch -c -h -m -d "@$time" -- "$@"' sh
}

# fix_xattrs ENC: exactly the attributes (ACLs and capabilities are attributes, too) that the snapshot has: first those
# that it has not are taken off, then the others are set.
fix_xattrs() {
  [ "$have_xattr" = yes ] || return 0
  decode "$1"
  fx_path=$value
  fx_rc=0
  ENTRY="# $1" awk '
    /^# / {on = ($0 == ENVIRON["ENTRY"]); next}
    !on {next}
    {name = $0; sub(/=.*/, "", name)}
    side == "snap" {keep[name] = 1; set[++n] = $0; next}
    !(name in keep) {print "- " name}
    END {for (i = 1; i <= n; i++) print "+ " set[i]}' side=snap "$snap/xattrs" side=now \
    "$PWD/now.$$/xattrs" >"$PWD/attributes.$$"
  while read -r fx_do fx_line; do
    decode "${fx_line%%=*}"
    case $fx_do in
      -) setfattr -h -x "$value" -- "$fx_path" 2>/dev/null || : ;;
      +) setfattr -h -n "$value" -v "${fx_line#*=}" -- "$fx_path" || fx_rc=1 ;;
    esac
  done <"$PWD/attributes.$$"
  return "$fx_rc"
}

fix_directories() {
  fd_rc=0
  while read -r own mode time xattr enc; do
    decode "$enc"
    fd_path=$value
    [ "$own" = - ] || chown -h "$own" -- "$fd_path" || fd_rc=1
    [ "$xattr" = - ] || fix_xattrs "$enc" || fd_rc=1
    [ "$time" = - ] || touch -c -h -m -d "@$time" -- "$fd_path" || fd_rc=1
    # Five digits: with four, GNU chmod leaves the set-id bits of a directory as they are.
    [ "$mode" = - ] || chmod "0$mode" -- "$fd_path" || fd_rc=1
  done <"$todo/dirs"
  return "$fd_rc"
}

fix_metadata() {
  fm_rc=0
  grouped "$todo/own" chown -h || fm_rc=1
  while IFS= read -r enc; do fix_xattrs "$enc" || fm_rc=1; done <"$todo/xattr"
  grouped "$todo/mode" chmod || fm_rc=1
  set_times "$todo/time" || fm_rc=1
  fix_directories || fm_rc=1
  while read -r flags enc; do
    decode "$enc"
    chattr "+$flags" -- "$value" || fm_rc=1
  done <"$todo/flag"
  return "$fm_rc"
}
