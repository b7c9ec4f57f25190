#!/bin/sh
# Checks that systemd would read a unit without a complaint: no unknown directive, no bad value.
#
# usage: unit_verify.sh UNIT     The program that ExecStart names need not be installed here; everything else counts.
set -eu
LC_ALL=C
export LC_ALL

said=$(systemd-analyze verify --man=no --recursive-errors=no "$1" 2>&1 | grep -v 'is not executable: No such file' || true)
if [ -n "$said" ]; then
  printf '%s\n' "$said"
  exit 1
fi
