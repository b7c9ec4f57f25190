# file: one file, put into its place by a rename.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# shellcheck source=source.sh
. "$BELAY_KIT/action/file/source.sh"
content
need to
to=$value
make_parents "$to"
place "$source" "$to" "$mode" "$owner" "$group"
changed "$placed"
