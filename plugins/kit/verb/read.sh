# verb/read.sh LIMIT: the first LIMIT bytes of one regular file, whose encoded path is the next line of standard input.
# shellcheck shell=sh
verb_read() {
  want_number "${1:-}"
  IFS= read -r path || fail 64 'no path was sent'
  decode "$path"
  case $value in /*) ;; *) fail 64 'the path is not absolute' ;; esac
  [ -f "$value" ] && [ ! -L "$value" ] || fail 74 "$path is not a regular file"
  scratch
  head -c "$1" "$value" >"$tmp/data" || fail 74 "$path cannot be read"
  emit_text size "$(stat -c %s "$value")"
  emit_file data "$tmp/data"
}
