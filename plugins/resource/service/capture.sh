# service: the words it was started with; its state is the manifest, which the kit keeps beside them.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=manager.sh
. "$BELAY_KIT/resource/service/manager.sh"
the_service
keep_start "$BELAY_SNAP"
