#!/bin/sh
# Stands before the compiler in the lint preset: runs clang-tidy on the file instead of compiling it, and leaves an
# empty object and a dependency file, so that ninja asks again only when the file or one of its headers has changed.
#
# usage (by ninja): tidy-launcher.sh clang++-19 ARGUMENTS... -MD -MT OBJECT -MF DEPFILE -o OBJECT -c FILE
#
# A verdict "clean" is kept by content (preprocessed text with comments, checks, arguments), so a fresh checkout of
# sources that were clean here before costs one preprocessor run per file.
set -eu
LC_ALL=C
export LC_ALL

object=
depfile=
file=
previous=
for argument in "$@"; do
  case $previous in
    -o) object=$argument ;;
    -MF) depfile=$argument ;;
    -c) file=$argument ;;
  esac
  previous=$argument
done

root=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/belay-tidy
mkdir -p "$cache"

# The same command, preprocessing only. A later -o wins, -E wins over -c, and -MF still names the dependency file.
text=$object.ii
trap 'rm -f "$text" "$text.err"' EXIT
"$@" -E -C -P -o "$text"
key=$({ cat "$root/.clang-tidy" "$text"; printf '%s\n' "$@"; } | sha256sum | cut -c1-64)
if [ ! -e "$cache/$key" ]; then
  compiler=$1
  shift
  # -w: the compiler's own warnings are the build's business. stderr only counts what system headers had; findings and
  # errors are on stdout.
  clang-tidy-19 --quiet "$file" -- "$compiler" "$@" -w 2>/dev/null || exit 1
  : >"$cache/$key"
fi
[ -s "$depfile" ] || printf '%s:\n' "$object" >"$depfile"
: >"$object"
