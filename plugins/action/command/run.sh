# run.sh: the surroundings of a command: its directory and its variables. Sourced by the action and by the resource.
# shellcheck shell=sh
prepare() {
  if [ -f "$BELAY_PARAMS/from" ]; then
    # shellcheck source=../tree/compare.sh
    . "$BELAY_KIT/action/tree/compare.sh"
    # shellcheck source=../tree/build.sh
    . "$BELAY_KIT/action/tree/build.sh"
    set_tools
    to=$PWD/from
    build "$BELAY_PARAMS/from" "$to" ''
    cd "$to" || die 'cannot work in the copy of the payload'
  fi
  if param chdir; then cd -- "$value" || die "cannot change to $value"; fi
  for pr_file in "$BELAY_PARAMS"/env.k.*; do
    [ -f "$pr_file" ] || continue
    pr_name=${pr_file##*.k.}
    case $pr_name in '' | [0-9]* | *[!A-Za-z0-9_]*) die "the variable \"$pr_name\" has no plain name" ;; esac
    read_all "$pr_file"
    export "$pr_name=$value"
  done
}
