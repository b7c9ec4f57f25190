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
      parent_of "$path"
      # What an account other than root may not read, it cannot sync by name; then everything is.
      { [ ! -e "$path" ] || [ -L "$path" ] || sync_tree "$path"; } 2>/dev/null &&
        { [ ! -d "$value" ] || sync "$value"; } 2>/dev/null ||
        { [ "$(id -u)" != 0 ] && sync; } || die "$path did not reach the disk"
      ;;
  esac
done <"$BELAY_STEP/touches"
