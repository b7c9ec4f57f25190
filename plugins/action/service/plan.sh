# service: changed when its state would be another one; a restart or reload always is a change.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=../../resource/service/manager.sh
. "$BELAY_KIT/resource/service/manager.sh"
the_service
class=unchanged
param_or state ''
state=$value
case $state in
  started) running || class=changed ;;
  stopped) ! running || class=changed ;;
  restarted | reloaded) class=changed ;;
esac
if param enabled; then
  case $value in true) want=enabled ;; *) want=disabled ;; esac
  enabled_word
  [ "$value" = "$want" ] || class=changed
fi
printf '%s - - %s\n' "$class" "$name"
