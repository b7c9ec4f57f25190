# verb/step.sh: snap, apply, verify, commit, restore, settle, manifest: the verbs that work on one step.
# shellcheck shell=sh

verb_snap() {
  want_step "${1:-}" "${2:-}"
  want_number "${3:-}"
  want_number "${4:-0}"
  op snap "$3" "${4:-0}"
  op_result snap
  read_all "$BELAY_STEP/snap.rc"
  [ "$value" = "0$NL" ] && [ -f "$BELAY_STEP/snap/COMPLETE" ] ||
    fail 79 "the snapshot of step $step could not be taken: the host is unchanged"
  emit_file manifest "$BELAY_STEP/snap/MANIFEST"
  token
  emit_text token "$value"
  [ "${5:-}" != copy ] || emit_copy
}

# emit_copy: the snapshot itself, file by file in the order of its list. The list was made by the kit: its names are plain.
emit_copy() {
  emit_file sums "$BELAY_STEP/snap/SUMS"
  emit_file complete "$BELAY_STEP/snap/COMPLETE"
  ec_n=0
  while IFS=' ' read -r _ ec_name; do
    ec_n=$((ec_n + 1))
    emit_file "copy.$ec_n" "$BELAY_STEP/snap/$ec_name"
  done <"$BELAY_STEP/snap/SUMS"
}

verb_apply() {
  want_step "${1:-}" "${2:-}"
  want_number "${3:-}"
  want_number "${4:-}"
  want_number "${5:-1}"
  attempt=apply
  if [ "${5:-1}" -gt 1 ]; then
    # Every attempt has markers of its own: at most once holds for each. Only a known end allows another one.
    before=apply
    [ "$5" -eq 2 ] || before=apply.$(($5 - 1))
    [ -f "$BELAY_STEP/$before.rc" ] ||
      fail 78 "attempt $5 of step $step cannot begin: how the one before it ended is unknown"
    attempt=apply.$5
  fi
  op "$attempt" "$3" "$4"
  op_result "$attempt"
  value=unknown
  [ ! -f "$BELAY_STEP/apply.changed" ] || IFS= read -r value <"$BELAY_STEP/apply.changed"
  case $value in yes | no) ;; *) value=unknown ;; esac
  emit_text changed "$value"
}

verb_verify() {
  want_step "${1:-}" "${2:-}"
  want_number "${3:-}"
  want_number "${4:-}"
  op verify "$3" "$4"
  op_result verify
}

verb_restore() {
  want_step "${1:-}" "${2:-}"
  want_number "${3:-}"
  want_number "${4:-0}"
  # shellcheck source=fence.sh
  . "$BELAY_KIT/kit/verb/fence.sh"
  end_left_behind "$BELAY_BASE/runs/$run"
  op restore "$3" "${4:-0}"
  op_result restore
}

verb_settle() {
  want_step "${1:-}" "${2:-}"
  want_number "${3:-}"
  want_number "${4:-0}"
  op settle "$3" "${4:-0}"
  op_result settle
}

verb_commit() {
  want_step "${1:-}" "${2:-}"
  want_number "${3:-}"
  lock 10 || {
    lock_holders
    fail 75 "this host is busy: its lock is held${value:+ by $value}"
  }
  check_epoch "$3"
  if [ ! -e "$BELAY_STEP/committed" ]; then
    mv -f -T "$BELAY_STEP/armed" "$BELAY_STEP/committed" 2>/dev/null || {
      token
      fail 80 "step $step cannot be committed: its token is \"$value\""
    }
  fi
  sync "$BELAY_STEP" || fail 74 "the commit of step $step did not reach the disk"
  emit_text token committed
}

verb_manifest() {
  want_step "${1:-}" "${2:-}"
  scratch
  # shellcheck source=../touches.sh
  . "$BELAY_KIT/kit/touches.sh"
  cd "$tmp" || fail 74 "cannot work in $tmp"
  (manifest_of_step) >"$tmp/manifest" 2>"$tmp/error" || {
    emit_tail out "$tmp/error" 4096
    fail 74 "the present state of step $step could not be read"
  }
  emit_file manifest "$tmp/manifest"
}
