# symlink: new, changed or unchanged.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
need path
path=$value
need to
class=new
if [ -L "$path" ] && [ "$(readlink -n "$path" && printf x)" = "${value}x" ]; then
  class=unchanged
elif [ -L "$path" ] || [ -e "$path" ]; then
  class=changed
fi
encode "$path"
printf '%s - - %s\n' "$class" "$value"
