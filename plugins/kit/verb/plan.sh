# verb/plan.sh: what would this step change here? The step comes as a tar stream step/0/…; nothing is kept or written.
# shellcheck shell=sh
# shellcheck source=stage.sh
. "$BELAY_KIT/kit/verb/stage.sh"

# take_step: the step on standard input becomes BELAY_STEP, in our scratch directory, which becomes the current one.
take_step() {
  scratch
  unpack
  BELAY_STEP=$tmp/in/step/0
  BELAY_PARAMS=$BELAY_STEP/p
  BELAY_BLOBS=$BELAY_BASE/blobs
  export BELAY_STEP BELAY_PARAMS BELAY_BLOBS
  [ -d "$BELAY_STEP" ] || fail 64 'the stream holds no step/0'
  mkdir "$tmp/work" && cd "$tmp/work" || fail 74 "cannot work in $tmp"
}

verb_plan() {
  take_step
  action=
  [ ! -f "$BELAY_STEP/action" ] || IFS= read -r action <"$BELAY_STEP/action"
  case $action in '' | *[!a-z0-9-]*) fail 64 'the step does not name its action' ;; esac
  [ -d "$BELAY_KIT/action/$action" ] || fail 73 "the kit on this host has no action \"$action\""
  if [ -f "$BELAY_KIT/action/$action/plan.sh" ]; then
    sh "$BELAY_KIT/action/$action/plan.sh" </dev/null >"$tmp/items" 2>"$tmp/error" || {
      emit_tail out "$tmp/error" 4096
      fail 74 "the plan of action \"$action\" could not be made on this host"
    }
  else
    printf 'opaque - - %s\n' "$action" >"$tmp/items"
  fi
  emit_file items "$tmp/items"
}
