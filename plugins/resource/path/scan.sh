# scan.sh: reads a whole tree once. Sourced by manifest.sh, capture.sh and restore.sh of this resource.
#
# scan PATH DIR [OUT] writes into OUT (DIR unless told):
#   full    one line per entry, sorted: the eleven columns of a manifest (mtime as fine as the host knows it), then
#           ctime, number of links, device:inode, flags (i, a or -)
#   xattrs  "# PATH" lines, each followed by the entry's attributes as NAME=0xHEX lines, sorted
# DIR is a fresh directory for what leads to these; `public DIR` prints the manifest of the scan in it.
# Returns 1 when an entry went away meanwhile or could not be read. Everything runs in bulk, whatever the size; only odd
# names (docs/host-protocol.md) and their files are handled one by one.
# shellcheck shell=sh

# set_tools: what this host offers, asked once per script. One that knows no fractions of a second is found out by the
# first stat.
set_tools() {
  stat_format='%f %u %g %s %.9Y %.9Z %h %d:%i %t %T'
  have_xattr=no
  command -v getfattr >/dev/null 2>&1 && command -v setfattr >/dev/null 2>&1 && have_xattr=yes
  have_flags=no
  command -v lsattr >/dev/null 2>&1 && have_flags=yes
}

# hash_files LIST OUT: "SHA256 PATH" for each regular file listed (encoded) in LIST.plain, the names that are written as
# they are, and LIST.odd, the others. Those go through a descriptor, because sha256sum writes them in its own way.
hash_files() {
  with_each "$1.plain" sha256sum >"$2" || return 1
  [ -s "$1.odd" ] || return 0
  # shellcheck disable=SC2016 # expanded by the inner shell
  with_each "$1.odd" sh -c 'for p; do sha256sum <"$p" || exit 255; done' sh >"$2.sums" || return 1
  cut -c 1-64 "$2.sums" | paste -d ' ' - "$1.odd" >>"$2"
}

# read_links LIST OUT: "TARGET PATH" for each symbolic link listed, both encoded.
read_links() {
  : >"$2"
  [ -s "$1" ] || return 0
  # BusyBox readlink knows no -z, and GNU's fails on a link that is gone, as the other way does then.
  if ! short "$1" && with_each "$1" readlink -z -- >"$2.raw" 2>/dev/null; then
    encode_list "$2.raw" | paste -d ' ' - "$1" >"$2"
    return
  fi
  while IFS= read -r rl_name; do
    decode "$rl_name"
    rl_target=$(readlink -n -- "$value" && printf x) || return 1
    encode "${rl_target%x}"
    printf '%s %s\n' "$value" "$rl_name"
  done <"$1" >"$2"
}

# read_flags LIST OUT: "FLAGS PATH", as lsattr writes flags, for each entry in LIST.plain and LIST.odd.
read_flags() {
  : >"$2"
  [ "$have_flags" = yes ] || return 0
  {
    with_each "$1.plain" lsattr -d
    while IFS= read -r rf_name; do
      decode "$rf_name"
      rf_flags=$(lsattr -d "$value" </dev/null)
      printf '%s %s\n' "${rf_flags%% *}" "$rf_name"
    done <"$1.odd"
  } >"$2" 2>/dev/null
}

# tree PATH: it is a directory, and no link to one.
tree() { [ -d "$1" ] && [ ! -L "$1" ]; }

# list_names PATH DIR: names0, and names (encoded).
list_names() {
  if tree "$1"; then
    find "$1" -xdev -print0 >"$2/names0" && encode_list "$2/names0" >"$2/names"
  else
    encode "$1"
    printf '%s\n' "$value" >"$2/names"
    printf '%s\000' "$1" >"$2/names0"
  fi
}

# list_stats DIR OUT: what stat says of each of DIR/names, line by line.
list_stats() {
  with_each "$1/names" stat -c "$stat_format" -- >"$2" || return 1
  case $stat_format in *%.9Y*) IFS= read -r ls_line <"$2" ;; *) return 0 ;; esac
  case $ls_line in *.*) return 0 ;; esac
  stat_format='%f %u %g %s %Y %Z %h %d:%i %t %T'
  list_stats "$1" "$2"
}

# classify DIR: stats and names together in entries; which of them are files, which links, and which can have flags.
classify() {
  for cl_list in entries files.plain files.odd links flaggable.plain flaggable.odd; do : >"$1/$cl_list" || return 1; done
  if ! short "$1/names"; then
    paste -d ' ' "$1/stats" "$1/names" >"$1/entries" && awk -v dir="$1" '
      { type = substr($1, 1, 1); path = $11; way = index(path, "\\") ? ".odd" : ".plain" }
      type == "8" { print path > (dir "/files" way) }
      type == "a" { print path > (dir "/links") }
      type == "8" || type == "4" { print path > (dir "/flaggable" way) }' "$1/entries"
    return
  fi
  while IFS= read -r cl_name && IFS= read -r cl_stats <&3; do
    printf '%s %s\n' "$cl_stats" "$cl_name" >>"$1/entries"
    case $cl_name in *\\*) cl_way=odd ;; *) cl_way=plain ;; esac
    case $cl_stats in
      8*) printf '%s\n' "$cl_name" >>"$1/files.$cl_way" ;;
      a*) printf '%s\n' "$cl_name" >>"$1/links" ;;
    esac
    case $cl_stats in 8* | 4*) printf '%s\n' "$cl_name" >>"$1/flaggable.$cl_way" ;; esac
  done <"$1/names" 3<"$1/stats"
}

# absent_lines PATH: the path is not there: one line for it and for each ancestor that is not there either, sorted.
absent_lines() {
  al_path=$1
  al_lines=
  while [ -n "$al_path" ] && [ ! -e "$al_path" ] && [ ! -L "$al_path" ]; do
    encode "$al_path"
    al_lines="- - - - - - - - - $value - - - - -$NL$al_lines"
    al_path=${al_path%/*}
  done
  printf '%s' "$al_lines"
}

scan() {
  out=${3:-$2}
  wipe "$2" && mkdir -p "$2" "$2/dump" && : >"$out/xattrs" || return 1
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then
    absent_lines "$1" >"$out/full"
    while read -r sc_line; do printf '%s\n' "${sc_line% - - - -}"; done <"$out/full" >"$2/public"
    return 0
  fi
  list_names "$1" "$2" && list_stats "$2" "$2/stats" && classify "$2" || return 1
  hash_files "$2/files" "$2/hashes" && read_links "$2/links" "$2/targets" || return 1
  read_flags "$2/flaggable" "$2/flags"
  : >"$2/getfattr"
  if [ "$have_xattr" = yes ]; then
    with_each "$2/names" getfattr -h -d -m - -e hex --absolute-names -- >"$2/getfattr" 2>"$2/getfattr.err" ||
      [ ! -s "$2/getfattr.err" ] || ! grep -v 'not supported' "$2/getfattr.err" >&2 || return 1
  fi
  : >"$2/public"
  awk -v dir="$2" -v attributes="$out/xattrs" -v extras="$have_xattr" -f "$path_kit/xattrs.awk" -f "$path_kit/join.awk" \
    part=flags "$2/flags" part=getfattr "$2/getfattr" part=hashes "$2/hashes" part=targets "$2/targets" \
    part=twins "$2/entries" part=entries "$2/entries" >"$2/joined" || return 1
  if [ -s "$2/dump/1" ]; then name_sets "$2" || return 1; fi
  by_path "$2/joined" >"$out/full" && [ -s "$out/full" ]
}

# name_sets DIR: a set of attributes is named by its digest, not by the number that the scan gave it.
name_sets() {
  (cd "$1/dump" && find . -type f -exec sha256sum {} +) >"$1/ids" || return 1
  for ns_list in joined public; do
    awk '
      part == 1 { id["@" substr($2, 3)] = substr($1, 1, 16); next }
      $9 in id { $9 = id[$9] }
      { print }' part=1 "$1/ids" part=2 "$1/$ns_list" >"$1/named" && mv "$1/named" "$1/$ns_list" || return 1
  done
}

# by_path FILE: its lines, sorted by their path.
by_path() {
  { IFS= read -r bp_line && ! IFS= read -r bp_next; } <"$1" && printf '%s\n' "$bp_line" && return
  sort -t ' ' -k 10,10 "$1"
}

# public DIR: the eleven columns that everybody sees.
public() { by_path "$1/public"; }

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
  tree "$1" || return 0
  encode "$1"
  BELOW=$value/ awk 'index($5, ENVIRON["BELOW"]) == 1 {print $5}' /proc/self/mountinfo
}
