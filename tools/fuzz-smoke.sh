#!/bin/sh
# Runs one libFuzzer target for a moment: every input of its corpus, then what libFuzzer makes of them.
#
# usage: tools/fuzz-smoke.sh PROGRAM CORPUS WORK
#
# BELAY_FUZZ_SECONDS=5 says how long, BELAY_FUZZ_SEED where chance begins: always the same without it, 0 for a new one
# each time (`make fuzz-smoke`). New inputs go to WORK/new. An input that breaks the target is kept in WORK/crash, its
# path is printed, and the exit status is 1.
set -eu
LC_ALL=C
export LC_ALL

program=$1
corpus=$2
work=$3

if [ -z "$(find "$corpus" -type f 2>/dev/null)" ]; then
  printf 'fuzz-smoke: %s has no corpus in %s\n' "$(basename "$program")" "$corpus" >&2
  exit 1
fi
rm -rf "$work/new"
mkdir -p "$work/new" "$work/crash"
if ! "$program" -max_total_time="${BELAY_FUZZ_SECONDS:-5}" -seed="${BELAY_FUZZ_SEED:-20261122}" -timeout=10 \
  -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 -artifact_prefix="$work/crash/" "$work/new" "$corpus" \
  >"$work/log" 2>&1; then
  tail -n 40 "$work/log" >&2
  printf 'fuzz-smoke: %s failed; the input is in %s\n' "$(basename "$program")" "$work/crash" >&2
  exit 1
fi
grep '^stat::number_of_executed_units' "$work/log"
