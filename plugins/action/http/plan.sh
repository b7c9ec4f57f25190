# http: asks only, changes nothing.
# shellcheck shell=sh
:
