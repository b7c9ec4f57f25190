#!/bin/sh
# Tries the resource `path` with N new seeds: random trees and random damage, under each shell. Landing runs one fixed
# seed; this is how new trees are looked for. What a seed finds is said with the seed, its output is kept, and becomes a
# test of its own with the mending (tests/unit/kit/trees_test.cpp).
#
# usage: tools/soak-path.sh BUILD_DIR N [CASES]     CASES per seed and shell, 200 unless told
set -eu
LC_ALL=C
export LC_ALL

build=$1
seeds=$2
BELAY_PROPERTY_CASES=${3:-200}
export BELAY_PROPERTY_CASES
program=$build/tests/property/path/property_path
work=$build/soak-path
if [ ! -x "$program" ]; then
  printf 'soak-path: there is no %s; build the target property_path first\n' "$program" >&2
  exit 2
fi
mkdir -p "$work"

failed=0
done=0
while [ "$done" -lt "$seeds" ]; do
  BELAY_PROPERTY_SEED=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
  export BELAY_PROPERTY_SEED
  for shell in dash bash busybox; do
    log=$work/$BELAY_PROPERTY_SEED.$shell
    if "$program" --gtest_filter="*/$shell" >"$log" 2>&1 && grep -q '^\[  PASSED  \] [1-9]' "$log"; then
      rm -f "$log"
    else
      failed=$((failed + 1))
      printf 'soak-path: seed %s fails under %s: %s\n' "$BELAY_PROPERTY_SEED" "$shell" "$log"
    fi
  done
  done=$((done + 1))
done
printf 'soak-path: %s seeds under each of dash, bash and busybox, %s cases each: %s failed\n' \
  "$done" "$BELAY_PROPERTY_CASES" "$failed"
[ "$failed" -eq 0 ]
