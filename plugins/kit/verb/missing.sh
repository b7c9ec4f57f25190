# verb/missing.sh: which of the digests on standard input are not in the store yet?
# shellcheck shell=sh
verb_missing() {
  scratch
  plain=yes
  while IFS= read -r digest; do
    case $digest in '' | *[!0-9a-f]*) plain=no ;; esac
    [ -f "$BELAY_BASE/blobs/$digest" ] || printf '%s\n' "$digest"
  done >"$tmp/missing"
  [ "$plain" = yes ] || fail 64 'a line is not a digest'
  emit_file missing "$tmp/missing"
}
