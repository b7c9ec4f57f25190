# metadata.sh: what is done to many entries at once: staged ones take their places; owner, attributes, mode, times and
# flags of those in place. Sourced. The order matters: a change of owner drops set-id bits and capabilities, an ACL
# changes the mode.
# shellcheck shell=sh

# grouped FILE CMD...: for "VALUE PATH" lines: CMD... VALUE -- PATHS..., once per distinct value and in bulk.
grouped() {
  [ -s "$1" ] || return 0
  gr_file=$1
  shift
  gr_rc=0
  if short "$gr_file"; then
    gr_seen=' '
    while read -r gr_value gr_path; do
      case $gr_seen in *" $gr_value "*) continue ;; esac
      gr_seen="$gr_seen$gr_value "
      (
        set -- "$@" "$gr_value" --
        while read -r gr_other gr_path; do
          [ "$gr_other" = "$gr_value" ] || continue
          decode "$gr_path"
          set -- "$@" "$value"
        done <"$gr_file"
        exec "$@" </dev/null
      ) || gr_rc=1
    done <"$gr_file"
    return "$gr_rc"
  fi
  wipe "$gr_file.d" && mkdir "$gr_file.d" || return 1
  sort "$gr_file" | awk -v dir="$gr_file.d" '
    NR == 1 || ($1 "") != last {if (n) close(dir "/" n); last = $1 ""; print ++n, $1 > (dir "/values")}
    {print $2 > (dir "/" n)}'
  while read -r gr_n gr_value; do
    with_each "$gr_file.d/$gr_n" "$@" "$gr_value" -- || gr_rc=1
  done <"$gr_file.d/values"
  return "$gr_rc"
}

# put_all LIST STAGE TOP: for "PARENT PATH" lines: what is staged as PATH, with STAGE in the place of TOP, takes its place,
# all of a directory by one mv. What that leaves stands against a link: BusyBox mv looks through a link to a directory, and
# does not replace it.
put_all() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  grouped "$1" sh -c '
    stage=$1
    top=$2
    dir=${5%/*}/
    shift 4
    for path; do
      set -- "$@" "$stage${path#"$top"}"
      shift
    done
    mv -f -- "$@" "$dir" 2>/dev/null && exit
    rc=0
    for from; do
      path=$dir${from##*/}
      [ -e "$from" ] || [ -L "$from" ] || continue
      [ ! -L "$path" ] || rm -f -- "$path"
      mv -f -T -- "$from" "$path" || rc=1
    done
    exit "$rc"' sh "$2" "$3"
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

# close_directories: those that even their owner may not enter or write, deepest first, because an ordinary user cannot
# get at what is in them any more.
close_directories() {
  cd_rc=0
  while read -r mode enc; do
    decode "$enc"
    chmod "$mode" -- "$value" || cd_rc=1
  done <"$todo/closed"
  return "$cd_rc"
}

fix_metadata() {
  fm_rc=0
  grouped "$todo/own" chown -h || fm_rc=1
  while IFS= read -r enc; do fix_xattrs "$enc" || fm_rc=1; done <"$todo/xattr"
  grouped "$todo/mode" chmod || fm_rc=1
  set_times "$todo/time" || fm_rc=1
  close_directories || fm_rc=1
  while read -r flags enc; do
    decode "$enc"
    chattr "+$flags" -- "$value" || fm_rc=1
  done <"$todo/flag"
  return "$fm_rc"
}
