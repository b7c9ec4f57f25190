#!/bin/sh
# check.sh WORKDIR EXPECTATION [DEFINE...]: runs Spin over docs/step.pml with these defines, and succeeds only when what
# came out is what was expected. Prints the number of states. WORKDIR is emptied, and holds what Spin made of the model.
#
#   holds                 no invariant is broken, and every line of the host and the daemons was reached on the way
#   breaks N              invariant N, looked at alone, is broken
#   always CLAIM          the claim holds under weak fairness
#   not-always CLAIM      a fair run for ever is found in which it does not
#
# BELAY_MODEL_DAEMONS=3 makes `holds` larger by a third daemon: a quarter of an hour, and BELAY_MODEL_MEMORY=8000 (MiB).
set -eu
LC_ALL=C
export LC_ALL
CC=${CC:-clang-19}
memory=${BELAY_MODEL_MEMORY:-1800}

die() {
  printf 'model: %s\n' "$*" >&2
  exit 1
}

model=$(cd "$(dirname "$0")/../../docs" && pwd)/step.pml
[ $# -ge 2 ] || die "usage: check.sh WORKDIR holds|breaks N|always CLAIM|not-always CLAIM [DEFINE...]"
work=$1
expect=$2
shift 2
subject=
case $expect in
  holds) ;;
  breaks | always | not-always)
    subject=${1:?which invariant or claim}
    shift
    ;;
  *) die "no such expectation: $expect" ;;
esac
what="$*"

case $expect in
  holds) set -- "NE=${BELAY_MODEL_DAEMONS:-2}" "$@" ;;
  breaks) set -- "ONLY=$subject" "$@" ;;
  *) set -- LIVE "$@" ;;
esac
for define in "$@"; do
  shift
  set -- "$@" "-D$define"
done
# Safety needs no memory of cycles; a claim needs the search for them.
build='-DSAFETY'
run='-E'
case $expect in
  always | not-always)
    build='-DNFAIR=3'
    run="-a -f -N $subject"
    ;;
esac

rm -rf "$work"
mkdir -p "$work"
cd "$work"
spin -P"$CC -E -x c" "$@" -a "$model" >spin.out 2>&1 || {
  cat spin.out
  die "Spin does not understand the model with: $what"
}
"$CC" -O2 -w "$build" -DCOLLAPSE "-DMEMLIM=$memory" -o pan pan.c || die "the verifier that Spin wrote cannot be compiled"
# shellcheck disable=SC2086 # a list of options
nice ./pan $run -m200000 -c1 >pan.out 2>&1 || :

unexpected() {
  head -n 12 pan.out
  if [ -f step.pml.trail ]; then
    printf 'how it comes to that, the end of it:\n'
    ./pan -r step.pml.trail 2>/dev/null | tail -n 60
  fi
  die "$1 ($expect${subject:+ $subject}, with: ${what:-the protocol as it is}; everything is in $work)"
}

! grep -q 'search depth too small\|out of memory\|reached -DMEMLIM' pan.out || unexpected 'the search was cut short'
states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.out)
errors=$(sed -n 's/.*errors: \([0-9]*\)$/\1/p' pan.out)
if [ -z "$states" ] || [ -z "$errors" ]; then unexpected 'the verifier did not finish'; fi
case $expect in
  holds | always)
    [ "$errors" = 0 ] || unexpected 'what should hold does not'
    ;;
  breaks) grep -q '^pan:1: assertion violated' pan.out || unexpected 'the mistake was not caught' ;;
  not-always) grep -q '^pan:1: acceptance cycle' pan.out || unexpected 'the mistake was not caught' ;;
esac
if [ "$expect" = holds ]; then
  # What is never reached proves nothing.
  missed=$(grep '/step-[a-z]*[.]pml:.*, state ' pan.out | grep -v '"-end-"$') || :
  [ -z "$missed" ] || unexpected "never reached: $missed"
fi
printf '%s%s, %s states: %s\n' "$expect" "${subject:+ $subject}" "$states" "${what:-the protocol as it is}"
