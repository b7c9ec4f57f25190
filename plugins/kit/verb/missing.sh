# verb/missing.sh: which of the digests on standard input are not in the store yet?
# shellcheck shell=sh
verb_missing() {
  scratch
  while IFS= read -r digest; do
    case $digest in '' | *[!0-9a-f]*) fail 64 'a line is not a digest' ;; esac
    [ -f "$BELAY_BASE/blobs/$digest" ] || printf '%s\n' "$digest"
  done >"$tmp/missing"
  emit_file missing "$tmp/missing"
}
