#!/bin/sh
# Builds the tests in which threads meet with the thread sanitizer, and runs them: the database thread and the loop (store),
# the worker pool, the loop and its clients (api). Everything else of the daemon lives on the loop thread alone.
#
# usage: tools/tsan.sh      what `make tsan` calls; its build is build/tsan
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.."

mkdir -p build
if ! cmake --preset tsan >build/tsan.log 2>&1; then
  cat build/tsan.log >&2
  exit 1
fi
ninja -C build/tsan --quiet store_test api_test
TSAN_OPTIONS=halt_on_error=1 ctest --test-dir build/tsan -j "$(nproc)" --output-on-failure --no-tests=error \
  -R '^(store_test|api_test)$'
