# template: the text was made when the plan was made; on the host it is a file like any other.
# shellcheck shell=sh
# shellcheck source=../file/plan.sh
. "$BELAY_KIT/action/file/plan.sh"
