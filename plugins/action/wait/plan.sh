# wait: waits only, changes nothing.
# shellcheck shell=sh
:
