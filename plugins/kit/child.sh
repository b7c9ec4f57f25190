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

# A script that only ever forks leaves others their processes: 4096 more than the whole machine has now, unless its own
# limit is lower. The kernel counts per account and does not hold root to it; root's script ends with its deadline.
script=$2
set -- /proc/[0-9]*/task/[0-9]*
most=$(($# + 4096))
# -u is what bash and BusyBox call it, -p what dash does; where even one more process would be too many it is left alone.
for flag in -u -p; do
  # shellcheck disable=SC3045 # tried first, where it does no harm
  own=$(ulimit -S "$flag" 2>/dev/null) || continue
  [ "$own" = unlimited ] || [ "$own" -gt "$most" ] || break
  # shellcheck disable=SC3045
  if (ulimit -S "$flag" "$most" && (:)) 2>/dev/null; then ulimit -S "$flag" "$most"; fi
  break
done
exec sh "$script"
