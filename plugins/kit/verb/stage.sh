# verb/stage.sh RUN EPOCH: takes in a tar stream of blobs/<sha256> and step/<n>/…; each blob is verified, everything is
# on the disk, then it gets its place. May be repeated; nothing the host runs is touched.
# shellcheck shell=sh

# unpack: standard input as tar into $tmp/in; only plain files and directories under blobs/ and step/.
unpack() {
  mkdir "$tmp/in" && tar -x -o -m -f - -C "$tmp/in" 2>"$tmp/tar.err" || {
    emit_tail out "$tmp/tar.err" 4096
    fail 74 'the staged files could not be unpacked: is the disk full?'
  }
  cat >/dev/null
  [ -z "$(find "$tmp/in" ! -type f ! -type d | head -n 1)" ] || fail 64 'the stream holds more than files and directories'
  for up_name in "$tmp/in"/* "$tmp/in"/.[!.]*; do
    case ${up_name##*/} in blobs | step | '*' | '.[!.]*') ;; *) fail 64 'the stream holds names outside blobs/ and step/' ;; esac
  done
  chmod -R u=rwX,go= "$tmp/in"
}

verb_stage() {
  want_run "${1:-}"
  want_number "${2:-}"
  read_epoch
  [ "$value" = "$2" ] || fail 76 "this host answers to epoch ${value:-none}, not to $2: another daemon took it over"
  scratch
  unpack
  mkdir -p "$tmp/in/blobs" "$tmp/in/step" "$BELAY_BASE/blobs" "$BELAY_BASE/runs/$1" || fail 74 "cannot write in $BELAY_BASE"
  (cd "$tmp/in/blobs" && find . -type f -print0 | xargs -0 sha256sum) >"$tmp/sums" || fail 74 'the staged files cannot be read back'
  # xargs runs sha256sum once even for no file; that line is for "-" and no blob.
  blobs=$(awk '$2 == "-" {next} "./" $1 != $2 {exit 1} {n++} END {print n + 0}' "$tmp/sums") ||
    fail 74 'a staged file is not what its digest says: send it again'
  sync_tree "$tmp/in" || fail 74 'the staged files did not reach the disk'

  lock 10 || {
    lock_holders
    fail 75 "this host is busy: its lock is held${value:+ by $value}"
  }
  check_epoch "$2"
  if [ "$blobs" -gt 0 ]; then
    # shellcheck disable=SC2016 # expanded by the inner shell
    (cd "$tmp/in/blobs" && find . -type f -print0 |
      xargs -0 sh -c 'exec mv -f -- "$@" "$0/"' "$BELAY_BASE/blobs") || fail 74 'the staged files could not be stored'
  fi
  steps=0
  for dir in "$tmp/in/step"/*; do
    [ -d "$dir" ] || continue
    want_number "${dir##*/}"
    target=$BELAY_BASE/runs/$1/${dir##*/}
    steps=$((steps + 1))
    # A step that was begun keeps what it was begun with.
    if [ -d "$target" ]; then
      [ ! -e "$target/snap.start" ] || continue
      rm -rf "$target"
    fi
    mv -T "$dir" "$target" || fail 74 'the staged steps could not be stored'
  done
  sync "$BELAY_BASE/blobs" "$BELAY_BASE/runs/$1" "$BELAY_BASE/runs" || fail 74 'the staged files did not reach the disk'
  emit_text staged "blobs $blobs steps $steps"
}
