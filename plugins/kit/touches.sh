# touches.sh: a step's resources, one after another. Sourced by the scripts that work on all of them.
# shellcheck shell=sh

# touched: the file with the step's resources, "INDEX NAME" lines, into $value. reversed: the same lines the other way
# round, on standard output.
touched() {
  value=$BELAY_STEP/touches
  [ -f "$value" ] || value=/dev/null
}
reversed() {
  touched
  set --
  while read -r rv_line; do set -- "$rv_line" "$@"; done <"$value"
  for rv_line; do say "$rv_line"; done
}

# resource INDEX NAME SCRIPT: runs one script of a resource with its parameters and its part of the snapshot.
resource() {
  case $1 in '' | *[!0-9]*) die "touches: \"$1\" is not an index" ;; esac
  case $2 in '' | *[!a-z0-9-]*) die "touches: \"$2\" is not a resource" ;; esac
  [ -f "$BELAY_KIT/resource/$2/$3.sh" ] || die "the kit has no resource \"$2\" that can $3"
  (
    BELAY_PARAMS=$BELAY_STEP/r/$1
    BELAY_SNAP=${snap_root:-$BELAY_STEP/snap}/$1
    export BELAY_PARAMS BELAY_SNAP
    exec sh "$BELAY_KIT/resource/$2/$3.sh" </dev/null
  )
}

# has_script NAME SCRIPT: whether a resource has this script (settle.sh is optional).
has_script() { [ -f "$BELAY_KIT/resource/$1/$2.sh" ]; }

# header INDEX NAME: the first line of a resource in a manifest. The key is its path, or else its name.
header() {
  h_saved=${BELAY_PARAMS:-}
  BELAY_PARAMS=$BELAY_STEP/r/$1
  param path || param name || param run.0 || value=-
  BELAY_PARAMS=$h_saved
  encode "$value"
  printf '# %s %s %s\n' "$1" "$2" "$value"
}

# manifest_of_step: every resource as it is now, on standard output.
manifest_of_step() {
  touched
  while read -r ms_index ms_name; do
    header "$ms_index" "$ms_name"
    resource "$ms_index" "$ms_name" manifest || return 1
  done <"$value"
}
