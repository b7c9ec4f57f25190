# service: after all files are back: the captured state, started with the captured words. May be repeated.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=manager.sh
. "$BELAY_KIT/resource/service/manager.sh"
the_service
forget_units
state_lines >"$PWD/now.$$"
cmp -s "$PWD/now.$$" "$BELAY_SNAP/manifest" && exit 0
was() { sed -n "s/^= $1 //p" "$BELAY_SNAP/manifest"; }
now() { sed -n "s/^= $1 //p" "$PWD/now.$$"; }
[ "$(now enabled)" = "$(was enabled)" ] || set_enabled "$(was enabled)"
if [ "$(was running)" = no ]; then
  stop_service
  bring_start_back "$BELAY_SNAP"
else
  [ "$(now start)" = "$(was start)" ] || stop_service
  # A service that somebody else had started left no words; then the step's own are the best we have.
  if [ -f "$BELAY_SNAP/start.0" ] || [ "$manager" = systemd ]; then bring_start_back "$BELAY_SNAP"; else remember_start; fi
  running || start_service
  [ -f "$BELAY_SNAP/start.0" ] || bring_start_back "$BELAY_SNAP"
fi
state_lines >"$PWD/now.$$"
cmp -s "$PWD/now.$$" "$BELAY_SNAP/manifest" || {
  diff "$BELAY_SNAP/manifest" "$PWD/now.$$"
  die "$name is not in its earlier state"
}
