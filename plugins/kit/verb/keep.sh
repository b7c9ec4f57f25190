# verb/keep.sh RUN STEP: what somebody changed since a finished deployment is kept aside before a rollback overwrites it.
# Standard input: the manifest from after that deployment. Kept: the present regular files and links that differ from it.
# shellcheck shell=sh
verb_keep() {
  want_step "${1:-}" "${2:-}"
  scratch
  cat >"$tmp/after"
  # shellcheck source=../touches.sh
  . "$BELAY_KIT/kit/touches.sh"
  cd "$tmp" || fail 74 "cannot work in $tmp"
  (manifest_of_step) >"$tmp/now" 2>"$tmp/error" || {
    emit_tail out "$tmp/error" 4096
    fail 74 "the present state of step $step could not be read"
  }
  kept=$BELAY_BASE/conflicts/$1/$2
  awk 'part == 1 {seen[$0] = 1; next} ($1 == "f" || $1 == "l") && !($0 in seen) {print $10}' \
    part=1 "$tmp/after" part=2 "$tmp/now" >"$tmp/list"
  : >"$tmp/kept"
  if [ -s "$tmp/list" ]; then
    mkdir -p "$kept" || fail 74 "cannot write in $BELAY_BASE"
    while IFS= read -r path; do
      decode "$path"
      parent_of "$value"
      mkdir -p "$kept$value" && decode "$path" && rm -rf "$kept$value" && cp -a -- "$value" "$kept$value" ||
        fail 74 "$path could not be kept aside: nothing was rolled back"
      printf '%s\n' "$path" >>"$tmp/kept"
    done <"$tmp/list"
    sync_tree "$kept" || fail 74 'what was kept aside did not reach the disk'
  fi
  emit_file kept "$tmp/kept"
}
