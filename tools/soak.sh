#!/bin/sh
# What `make test` tries a little of, for long: the daemon killed in runs, random trees through the resource path, random
# stories of the simulation, the protocol's model with three daemons. Prints a count per line at the end; fails if one
# fails.
#
# usage: tools/soak.sh BUILD_DIR     what to do and how much of it, from the environment (0 leaves a part out):
#   SOAK_KILLS=300         kills of belayd
#   SOAK_SEEDS=30          seeds of the property path, under each of three shells
#   SOAK_CASES=200         trees per seed and shell
#   SOAK_SIMULATION=1800   seconds of simulated stories, or all: every pair of faults
#   SOAK_MODEL=1           the model with three daemons: a quarter of an hour and 8 GB of memory
set -eu
LC_ALL=C
export LC_ALL

build=$1
SOAK_KILLS=${SOAK_KILLS:-300}
SOAK_SEEDS=${SOAK_SEEDS:-30}
SOAK_CASES=${SOAK_CASES:-200}
SOAK_SIMULATION=${SOAK_SIMULATION:-1800}
SOAK_MODEL=${SOAK_MODEL:-1}
source=$(cd "$(dirname "$0")/.." && pwd)
work=$build/soak
mkdir -p "$work"
: >"$work/counts"
failed=0

# part NAME LINE COMMAND...: runs it, keeps all it says, and notes its lines that match LINE as its count.
part() {
  name=$1
  line=$2
  shift 2
  printf 'soak: %s ... (%s)\n' "$name" "$work/$name.log"
  verdict=passed
  "$@" >"$work/$name.log" 2>&1 || {
    verdict=FAILED
    failed=1
    tail -n 40 "$work/$name.log"
  }
  # Nothing counted is nothing tried.
  grep -E "$line" "$work/$name.log" >"$work/lines" || {
    verdict=FAILED
    failed=1
    printf 'nothing was counted\n' >"$work/lines"
  }
  while IFS= read -r count; do printf '%s %s: %s\n' "$verdict" "$name" "$count"; done <"$work/lines" >>"$work/counts"
}

program() {
  [ -x "$build/tests/$1" ] || {
    printf 'soak: there is no %s; build it first\n' "$build/tests/$1" >&2
    exit 2
  }
  printf '%s' "$build/tests/$1"
}

if [ "$SOAK_KILLS" -gt 0 ]; then
  crash=$(program e2e/e2e_crash_test)
  part kills '^[0-9]+ kills: ' env BELAY_E2E_KILLS="$SOAK_KILLS" "$crash" --gtest_filter='Crash.*'
fi
if [ "$SOAK_SEEDS" -gt 0 ]; then
  part path '^soak-path: [0-9]+ seeds ' "$source/tools/soak-path.sh" "$build" "$SOAK_SEEDS" "$SOAK_CASES"
fi
if [ "$SOAK_SIMULATION" != 0 ]; then
  simulation=$(program simulation/engine/simulation_engine)
  seed=${BELAY_SIM_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
  part simulation ' stories ' env BELAY_SIM_SOAK="$SOAK_SIMULATION" BELAY_SIM_SEED="$seed" "$simulation" \
    --gtest_filter='Soak.*'
fi
if [ "$SOAK_MODEL" != 0 ]; then
  part model ' states: ' env BELAY_MODEL_DAEMONS=3 BELAY_MODEL_MEMORY=8000 \
    "$source/tests/model/check.sh" "$work/model" holds
fi

printf '\n'
cat "$work/counts"
exit "$failed"
