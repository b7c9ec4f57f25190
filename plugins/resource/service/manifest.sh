# service: running or not, enabled or not, and with which words it was started.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=manager.sh
. "$BELAY_KIT/resource/service/manager.sh"
the_service
state_lines
