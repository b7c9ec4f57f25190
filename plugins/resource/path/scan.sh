# scan.sh: reads a whole tree once. Sourced by manifest.sh, capture.sh and restore.sh of this resource.
#
# scan PATH DIR writes into DIR (a fresh directory):
#   full    one line per entry, sorted: the eleven columns of a manifest (mtime as fine as the host knows it), then
#           ctime, number of links, device:inode, flags (i, a or -)
#   xattrs  "# PATH" lines, each followed by the entry's attributes as NAME=0xHEX lines, sorted
# Returns 1 when an entry went away meanwhile or could not be read. Everything runs in bulk, whatever the size; only odd
# names (README.md) and their files are handled one by one.
# shellcheck shell=sh

# set_tools: what this host offers, asked once per script.
set_tools() {
  case $(stat -c %.9Y /) in
    *.*) stat_format='%f %u %g %s %.9Y %.9Z %h %d:%i %t %T' ;;
    *) stat_format='%f %u %g %s %Y %Z %h %d:%i %t %T' ;;
  esac
  have_readlink_z=no
  [ -z "$(readlink -z /proc/self/cwd 2>/dev/null | tr -d '\000')" ] || have_readlink_z=yes
  have_xattr=no
  command -v getfattr >/dev/null 2>&1 && command -v setfattr >/dev/null 2>&1 && have_xattr=yes
  have_flags=no
  command -v lsattr >/dev/null 2>&1 && have_flags=yes
  case $(tar --version 2>/dev/null) in *GNU*) have_gnu_tar=yes ;; *) have_gnu_tar=no ;; esac
}

# split_odd LIST OUT: OUT.plain gets the names that are written as they are, OUT.odd the others.
split_odd() {
  if grep -q '\\' "$1"; then
    grep -v '\\' "$1" >"$2.plain"
    grep '\\' "$1" >"$2.odd"
  else
    cat "$1" >"$2.plain"
    : >"$2.odd"
  fi
}

# hash_files LIST OUT: "SHA256 PATH" for each regular file listed (encoded). Odd names go through a descriptor, because
# sha256sum writes them in its own way.
hash_files() {
  split_odd "$1" "$2"
  : >"$2"
  [ ! -s "$2.plain" ] || tr '\n' '\000' <"$2.plain" | xargs -0 sha256sum >"$2" || return 1
  [ -s "$2.odd" ] || return 0
  # shellcheck disable=SC2016 # expanded by the inner shell
  with_each "$2.odd" sh -c 'for p; do sha256sum <"$p" || exit 255; done' sh >"$2.sums" || return 1
  cut -c 1-64 "$2.sums" | paste -d ' ' - "$2.odd" >>"$2"
}

# read_links LIST OUT: "TARGET PATH" for each symbolic link listed, both encoded.
read_links() {
  : >"$2"
  [ -s "$1" ] || return 0
  if [ "$have_readlink_z" = yes ]; then
    with_each "$1" readlink -z -- >"$2.raw" || return 1
  else
    # shellcheck disable=SC2016 # expanded by the inner shell
    with_each "$1" sh -c 'for p; do readlink -n "$p" || exit 255; printf "\000"; done' sh >"$2.raw" || return 1
  fi
  encode_list "$2.raw" | paste -d ' ' - "$1" >"$2"
}

# read_flags LIST OUT: "FLAGS PATH" for entries that are immutable or append-only. There are hardly ever any.
read_flags() {
  : >"$2"
  [ "$have_flags" = yes ] && [ -s "$1" ] || return 0
  split_odd "$1" "$2"
  {
    tr '\n' '\000' <"$2.plain" | xargs -0 lsattr -d
    while IFS= read -r rf_name; do
      decode "$rf_name"
      printf '%s %s\n' "$(lsattr -d "$value" | head -n 1 | cut -d ' ' -f 1)" "$rf_name"
    done <"$2.odd"
  } 2>/dev/null | awk '$1 ~ /[ia]/ {f = $1; gsub(/[^ia]/, "", f); print f, $2}' >"$2"
}

# list_entries PATH DIR: names0, names (encoded) and stats, line by line the same entries.
list_entries() {
  find "$1" -xdev -print0 >"$2/names0" && encode_list "$2/names0" >"$2/names" || return 1
  xargs -0 stat -c "$stat_format" <"$2/names0" >"$2/stats" || return 1
  paste -d ' ' "$2/stats" "$2/names" >"$2/entries"
}

# absent_lines PATH: the path is not there: one line for it and for each ancestor that is not there either.
absent_lines() {
  al_path=$1
  while [ -n "$al_path" ] && [ ! -e "$al_path" ] && [ ! -L "$al_path" ]; do
    encode "$al_path"
    printf -- '- - - - - - - - - %s - - - - -\n' "$value"
    al_path=${al_path%/*}
  done
}

scan() {
  rm -rf "$2" && mkdir -p "$2/dump" || return 1
  : >"$2/xattrs"
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then
    absent_lines "$1" | sort -t ' ' -k 10,10 >"$2/full"
    return 0
  fi
  list_entries "$1" "$2" || return 1
  : >"$2/files" && : >"$2/links" && : >"$2/flaggable" || return 1
  awk -v dir="$2" '
    { type = substr($1, 1, 1); path = $11 }
    type == "8" { print path > (dir "/files") }
    type == "a" { print path > (dir "/links") }
    type == "8" || type == "4" { print path > (dir "/flaggable") }' "$2/entries"
  hash_files "$2/files" "$2/hashes" && read_links "$2/links" "$2/targets" || return 1
  read_flags "$2/flaggable" "$2/flags"
  : >"$2/getfattr"
  if [ "$have_xattr" = yes ]; then
    xargs -0 getfattr -h -d -m - -e hex --absolute-names <"$2/names0" >"$2/getfattr" 2>"$2/getfattr.err" ||
      [ ! -s "$2/getfattr.err" ] || ! grep -v 'not supported' "$2/getfattr.err" >&2 || return 1
  fi
  : >"$2/extra"
  awk -v dir="$2" -f "$path_kit/xattrs.awk" "$2/flags" "$2/getfattr" || return 1
  : >"$2/ids"
  [ ! -s "$2/extra" ] || (cd "$2/dump" && find . -type f -print0 | xargs -0 sha256sum) >"$2/ids" || return 1
  awk -v extras="$have_xattr" -f "$path_kit/join.awk" part=1 "$2/hashes" part=2 "$2/targets" part=3 "$2/flags" \
    part=4 "$2/ids" part=5 "$2/extra" part=6 "$2/entries" part=7 "$2/entries" >"$2/joined" || return 1
  sort -t ' ' -k 10,10 "$2/joined" >"$2/full" && [ -s "$2/full" ]
}

# public FULL: the eleven columns that everybody sees.
public() { awk '{sub(/\..*/, "", $6); print $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11}' "$1"; }

# the_path: the parameter "path" into $P, without a trailing slash. A path that Belay's own directory is part of, or that
# is part of it, cannot be a resource.
the_path() {
  need path
  P=$value
  while :; do
    case $P in ?*/) P=${P%/} ;; *) break ;; esac
  done
  case $P in
    / | /proc | /proc/* | /sys | /sys/*) die "$P cannot be captured as a whole: name what the step changes" ;;
    */../* | */.. | */./* | */. | *//*) die "the path $P is not plain: it has a \".\", \"..\" or \"//\" in it" ;;
    /*) ;;
    *) die "the path $P is not absolute" ;;
  esac
  case $BELAY_BASE/ in "$P"/*) die "$P holds Belay's own directory: name what the step changes" ;; esac
  case $P in "$BELAY_BASE" | "$BELAY_BASE"/*) die "$P lies in Belay's own directory" ;; esac
}

# mounts_below PATH: the mount points strictly below PATH, as /proc writes them. What is mounted is not part of a tree.
mounts_below() {
  encode "$1"
  BELOW=$value/ awk 'index($5, ENVIRON["BELOW"]) == 1 {print $5}' /proc/self/mountinfo
}
