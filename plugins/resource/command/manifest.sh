# command: what the program "state" prints, line by line. Without it there is nothing to compare, and so no proof.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=../../action/command/run.sh
. "$BELAY_KIT/action/command/run.sh"
[ -f "$BELAY_PARAMS/state.0" ] || exit 0
work=$PWD
(prepare >&2 && run_argv state) >"$work/state.$$" </dev/null || die "the program in \"state\" failed"
tr '\n' '\000' <"$work/state.$$" >"$work/state0.$$"
[ -s "$work/state0.$$" ] || exit 0
encode_list "$work/state0.$$" | head -n 10000 | awk '{printf "= %06d %s\n", NR, $0}'
