#!/bin/sh
# Builds, then installs below DESTDIR and PREFIX. What `make install` calls.
#
# usage: tools/install.sh PREFIX [DESTDIR]
#
# `sudo make install` in somebody's tree must leave nothing of root's in it, or that person could not build there any more:
# the build runs as the owner of the tree, only the copying as root.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.."
prefix=$1
destdir=${2-}

owner=$(stat -c %u .)
if [ "$(id -u)" = 0 ] && [ "$owner" != 0 ]; then
  home=$(getent passwd "$owner" | cut -d: -f6)
  setpriv --reuid "$owner" --regid "$(stat -c %g .)" --clear-groups env "HOME=${home:-/nonexistent}" make build "PREFIX=$prefix"
else
  make build "PREFIX=$prefix"
fi

DESTDIR=$destdir cmake --install build/release --prefix "$prefix"
# CMake notes what it installed, beside the build.
[ "$(id -u)" != 0 ] || chown --reference=. build/release/install_manifest.txt
