# verb/scan.sh: the present manifest of the resources in a tar stream step/0/… (touches and r/ only). Reads only.
# shellcheck shell=sh
# shellcheck source=plan.sh
. "$BELAY_KIT/kit/verb/plan.sh"
# shellcheck source=../touches.sh
. "$BELAY_KIT/kit/touches.sh"

verb_scan() {
  take_step
  (manifest_of_step) >"$tmp/manifest" 2>"$tmp/error" || {
    emit_tail out "$tmp/error" 4096
    fail 74 'the present state could not be read'
  }
  emit_file manifest "$tmp/manifest"
}
