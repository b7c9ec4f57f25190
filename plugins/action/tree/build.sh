# build.sh: a tree out of the store. Sourced.
# shellcheck shell=sh

# build LIST DIR DIRMODE: DIR (not there yet) becomes the tree of LIST; directories get DIRMODE, or without it their own.
build() {
  rm -rf -- "$2"
  rm -rf "$PWD/build" && mkdir "$PWD/build" && mkdir -m 0755 -- "$2" || die "cannot work beside $to"
  [ "$have_xattr" = no ] || setfattr -x system.posix_acl_default -- "$2" 2>/dev/null || :
  chmod g-s -- "$2"
  encode "$2"
  for bd_list in dirs copies links modes; do : >"$PWD/build/$bd_list"; done
  ROOT=$value STORE=$BELAY_BLOBS awk -v out="$PWD/build" -v dirmode="$3" '
    BEGIN {root = ENVIRON["ROOT"]; store = ENVIRON["STORE"]; if (dirmode != "") print dirmode, root > (out "/modes")}
    $4 == "." {next}
    $1 == "d" {print root "/" $4 > (out "/dirs"); print (dirmode == "" ? $2 : dirmode), root "/" $4 > (out "/modes")}
    $1 == "f" {print store "/" $3 "\n" root "/" $4 > (out "/copies"); print $2, root "/" $4 > (out "/modes")}
    $1 == "l" {print $5 "\n" root "/" $4 > (out "/links")}' "$1"
  # Parents come before what is in them; a parent that the list does not name is made as well.
  umask 022
  awk '{n = split($4, part, "/"); path = ""; for (i = 1; i < n; i++) {path = path (i > 1 ? "/" : "") part[i]
    if (!(path in seen)) {seen[path] = 1; print path}}}' "$1" >"$PWD/build/parents"
  ROOT=$value awk '{print ENVIRON["ROOT"] "/" $0}' "$PWD/build/parents" >>"$PWD/build/dirs"
  sort -u "$PWD/build/dirs" >"$PWD/build/sorted"
  with_each "$PWD/build/sorted" mkdir -p -- || die "cannot build the tree for $to"
  with_each "$PWD/build/copies" -n 2 cp -- || die "a file of the tree is not on this host, or the disk is full"
  with_each "$PWD/build/links" -n 2 ln -s -- || die "cannot build the tree for $to"
  grouped "$PWD/build/modes" chmod || die "cannot build the tree for $to"
}
