#!/bin/sh
# Plays the demo with the programs of a build, in a sandbox of its own, and ends every process of it afterwards.
#
# usage: demo_test.sh BUILD_DIR
set -eu
LC_ALL=C
export LC_ALL

demo=$(cd "$(dirname "$0")/../../playbooks/demo" && pwd)
temporary=$(mktemp -d /var/tmp/belay-demo.XXXXXX)
BELAY_BUILD=$1
BELAY_SANDBOX=$temporary/sandbox
export BELAY_BUILD BELAY_SANDBOX

finish() {
  status=$?
  if [ "$status" != 0 ]; then
    printf 'demo_test: the last words of belayd:\n'
    tail -n 40 "$BELAY_SANDBOX/log/belayd.log" || true
  fi
  "$demo/sandbox.sh" reset >/dev/null 2>&1 || true
  rm -rf "$temporary"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

"$demo/demo.sh"
