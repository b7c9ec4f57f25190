# service: brings a service into a state.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=../../resource/service/manager.sh
. "$BELAY_KIT/resource/service/manager.sh"
the_service
state_lines >"$PWD/before"
forget_units
if param enabled; then
  case $value in true) set_enabled yes ;; *) set_enabled no ;; esac
fi
param_or state ''
case $value in
  '') ;;
  started)
    running || {
      remember_start
      start_service
    }
    ;;
  stopped) stop_service ;;
  restarted)
    stop_service
    remember_start
    start_service
    ;;
  reloaded) if running; then reload_service; else remember_start && start_service; fi ;;
  *) die "a service cannot be \"$value\": use started, stopped, restarted or reloaded" ;;
esac
param_or state ''
case $value in
  restarted | reloaded) changed yes ;;
  *)
    state_lines >"$PWD/after"
    if cmp -s "$PWD/before" "$PWD/after"; then changed no; else changed yes; fi
    ;;
esac
