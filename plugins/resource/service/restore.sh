# service: stopped, if the step began to change it, so that its files can be put back under it. settle.sh starts it.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=manager.sh
. "$BELAY_KIT/resource/service/manager.sh"
[ -e "$BELAY_STEP/apply.start" ] || exit 0
the_service
stop_service
