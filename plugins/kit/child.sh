# child.sh OP SCRIPT: the process in which the op's script runs, leader of a process group of its own. It says who it is
# before the script's first line, so that a fence can end exactly this group.
# shellcheck shell=sh
# shellcheck source=lib.sh
. "$BELAY_KIT/kit/lib.sh"
starttime $$
printf '%s %s\n' $$ "$value" >"$BELAY_STEP/$1.child" || exit 74
BELAY_PARAMS=$BELAY_STEP/p
export BELAY_PARAMS
umask 022
cd "$BELAY_STEP/work" || exit 74
exec sh "$2"
