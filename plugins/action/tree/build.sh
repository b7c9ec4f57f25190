# build.sh: a tree out of the store. Sourced.
# shellcheck shell=sh

# build LIST DIR DIRMODE: DIR (not there yet) becomes the tree of LIST; directories get DIRMODE, or without it their own.
build() {
  wipe "$2" "$PWD/build"
  mkdir "$PWD/build" "$PWD/build/headers" && mkdir -m 0755 -- "$2" || die "cannot work beside $to"
  [ "$have_xattr" = no ] || setfattr -x system.posix_acl_default -- "$2" 2>/dev/null || :
  [ ! -g "$2" ] || chmod g-s -- "$2"
  encode "$2"
  for bd_list in dirs blobs files links modes; do : >"$PWD/build/$bd_list"; done
  # Parents come before what is in them; a parent that the list does not name is made as well.
  ROOT=$value STORE=$BELAY_BLOBS awk -v out="$PWD/build" -v dirmode="$3" '
    BEGIN {root = ENVIRON["ROOT"]; store = ENVIRON["STORE"]; if (dirmode != "") print dirmode, root > (out "/modes")}
    $4 == "." {next}
    {
      count = split($4, part, "/")
      path = root
      for (i = 1; i < count + ($1 == "d"); i++) {
        path = path "/" part[i]
        if (!(path in seen)) print path > (out "/dirs")
        seen[path] = 1
      }
    }
    $1 == "d" {print (dirmode == "" ? $2 : dirmode), root "/" $4 > (out "/modes")}
    $1 == "f" {print store "/" $3 > (out "/blobs"); print $3, $4 > (out "/files"); print $2, root "/" $4 > (out "/modes")}
    $1 == "l" {print $5 "\n" root "/" $4 > (out "/links")}' "$1"
  umask 022
  with_each "$PWD/build/dirs" mkdir -p -- || die "cannot build the tree for $to"
  copy_files "$2" || die "a file of the tree is not on this host, or the disk is full"
  [ ! -s "$PWD/build/links" ] || nul_list "$PWD/build/links" | xargs -0 -n 2 ln -s -- || die "cannot build the tree for $to"
  grouped "$PWD/build/modes" chmod || die "cannot build the tree for $to"
}

# copy_files DIR: contents get their names by one tar, whatever their number.
copy_files() {
  [ -s "$PWD/build/files" ] || return 0
  with_each "$PWD/build/blobs" stat -c %s -- >"$PWD/build/sizes" &&
    awk -v dir="$PWD/build/headers" -v store="$BELAY_BLOBS" -f "$BELAY_KIT/action/tree/pack.awk" \
      part=sizes "$PWD/build/sizes" part=files "$PWD/build/files" >"$PWD/build/pieces" || return 1
  { with_each "$PWD/build/pieces" cat -- || : >"$PWD/build/failed"; } | tar -x -o -m -f - -C "$1" &&
    [ ! -e "$PWD/build/failed" ]
}
