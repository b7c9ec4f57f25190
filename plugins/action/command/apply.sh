# command: one program, its arguments exactly as they were written.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=run.sh
. "$BELAY_KIT/action/command/run.sh"
if param creates && { [ -e "$value" ] || [ -L "$value" ]; }; then
  # The resource must not undo what was never done.
  put "$BELAY_STEP/command.skipped" "$value"
  changed no
  exit 0
fi
prepare
run_argv run || exit

# What is applied stays applied in a power cut. The other actions sync what they write; a command need not have. With an
# undo of its own it may have written anywhere.
[ -f "$BELAY_STEP/touches" ] || exit 0
while read -r index resource; do
  case $resource in
    command) sync ;;
    path)
      read_all "$BELAY_STEP/r/$index/path"
      path=$value
      if [ -e "$path" ] && [ ! -L "$path" ]; then sync_tree "$path" || die "$path did not reach the disk"; fi
      parent_of "$path"
      if [ -d "$value" ]; then sync "$value" || die "$path did not reach the disk"; fi
      ;;
  esac
done <"$BELAY_STEP/touches"
