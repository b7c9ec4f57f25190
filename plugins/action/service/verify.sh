# service: it still runs, or still does not, a moment after the step.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=../../resource/service/manager.sh
. "$BELAY_KIT/resource/service/manager.sh"
the_service
param_or state ''
case $value in
  '') ;;
  stopped) if running; then die "$name runs again"; fi ;;
  *)
    running || {
      [ ! -f "${record:-}/log" ] || tail -c 4096 "$record/log"
      die "$name does not run"
    }
    ;;
esac
