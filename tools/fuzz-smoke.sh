#!/bin/sh
# Runs every libFuzzer target for a few seconds each, from its corpus in tests/fuzz/TOPIC/corpus/NAME.
# New inputs go to the build folder; a crash is kept there, its path is printed and the exit status is 1.
#
# usage: tools/fuzz-smoke.sh BUILD_DIR SECONDS_EACH
set -eu
LC_ALL=C
export LC_ALL

build=$1
seconds=$2
source=$(cd "$(dirname "$0")/.." && pwd)

targets=$(find "$build/tests/fuzz" -type f -name 'fuzz_*' -perm -u+x | sort)
if [ -z "$targets" ]; then
  printf 'fuzz-smoke: no fuzz_* program in %s/tests/fuzz; build the preset "fuzz" first\n' "$build" >&2
  exit 1
fi

failed=0
for target in $targets; do
  name=$(basename "$target")
  work=$build/fuzz-work/$name
  mkdir -p "$work/new" "$work/crash"
  set -- "$work/new"
  corpus=$source/tests/fuzz/$(basename "$(dirname "$target")")/corpus/${name#fuzz_}
  if [ ! -d "$corpus" ]; then
    printf 'fuzz-smoke: %s has no corpus in %s\n' "$name" "$corpus" >&2
    exit 1
  fi
  set -- "$@" "$corpus"
  printf 'fuzz-smoke: %s for %s s\n' "$name" "$seconds"
  if ! "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 -verbosity=0 \
    -artifact_prefix="$work/crash/" "$@" >"$work/log" 2>&1; then
    tail -n 40 "$work/log" >&2
    printf 'fuzz-smoke: %s failed; the input is in %s\n' "$name" "$work/crash" >&2
    failed=1
  fi
done
exit "$failed"
