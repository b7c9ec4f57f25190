# symlink: made beside, then renamed over the old one.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
need path
path=$value
need to
to=$value
[ ! -d "$path" ] || [ -L "$path" ] || die "$path is a directory: a link cannot take its place"
if [ -L "$path" ] && [ "$(readlink -n "$path" && printf x)" = "${to}x" ]; then
  changed no
  exit 0
fi
make_parents "$path"
beside "$path"
new=$value
rm -f -- "$new"
ln -s -- "$to" "$new" && rename "$new" "$path" || die "cannot make the link $path"
parent_of "$path"
sync "$value" || die "the link $path did not reach the disk"
changed yes
