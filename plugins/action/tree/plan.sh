# tree: one line per entry of the package, and per entry that would be removed.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=compare.sh
. "$BELAY_KIT/action/tree/compare.sh"
set_tools
settings
compare "$PWD/compare"
cat "$PWD/compare/items"
