# archive.sh: the tar archive of a snapshot: written, checked, and single entries taken out of it. Sourced.
# GNU tar keeps everything; BusyBox tar knows neither ACLs, attributes nor sparse files (such a host is of class C).
# Members are named ./NAME/…, seen from the parent directory of the captured path.
# shellcheck shell=sh

# gnu_tar: the host's tar is GNU's, which is asked once; $have_gnu_tar says it, too.
gnu_tar() {
  if [ -z "${have_gnu_tar:-}" ]; then
    case $(tar --version 2>/dev/null) in *GNU*) have_gnu_tar=yes ;; *) have_gnu_tar=no ;; esac
  fi
  [ "$have_gnu_tar" = yes ]
}

# real_parent PATH: the parent directory without symbolic links on the way into $value; empty when it is not there.
real_parent() {
  value=$(cd -P -- "${1%/*}/" 2>/dev/null && pwd -P && printf x)
  value=${value%"$NL"x}
}

# archive PATH TAR: 0 when tar had nothing to complain about.
archive() {
  # Asked out here, so that the answer stays.
  gnu_tar || :
  (
    cd -P -- "${1%/*}/" || exit 1
    if gnu_tar; then
      exec tar --create --file="$2" --format=posix --numeric-owner --one-file-system --sparse --acls --selinux --xattrs \
        --xattrs-include='*' --warning=no-file-ignored --no-unquote "./${1##*/}"
    else
      exec tar -c -f "$2" "./${1##*/}"
    fi
  )
}

# take_out TAR LIST DIR: the listed members (encoded absolute paths below $P's parent; a directory with all that is in it)
# appear below DIR. What could not be taken out is found by whoever checks the result.
take_out() {
  encode "${P%/*}"
  SKIP=$value awk '{print "." substr($0, length(ENVIRON["SKIP"]) + 1)}' "$2" >"$PWD/members"
  if gnu_tar; then
    nul_list "$PWD/members" >"$PWD/members0"
    tar --extract --file="$1" --directory="$3" --numeric-owner --same-owner --preserve-permissions --acls --selinux \
      --xattrs --xattrs-include='*' --no-overwrite-dir --no-unquote --null --files-from="$PWD/members0"
  else
    # Its member names are patterns, so what is special in a pattern gets a backslash (\134 in the encoded form).
    sed 's/\\134/&&/g; s/[][*?]/\\134&/g; p; s:$:/*:' "$PWD/members" >"$PWD/patterns"
    if [ "$(wc -l <"$PWD/patterns")" -gt 400 ]; then
      # It compares every member with every pattern: for many, everything is quicker.
      tar -x -p -f "$1" -C "$3"
    else
      with_each "$PWD/patterns" tar -x -p -f "$1" -C "$3" 2>&1 | grep -v 'not found in archive'
    fi
  fi
}

# check_files FULL DIR WORK: every regular file of FULL (snapshot lines) lies in DIR with the right digest.
check_files() {
  encode "${P%/*}"
  cf_skip=$value
  encode "$2"
  cf_into=$value
  : >"$3.list.plain"
  : >"$3.list.odd"
  SKIP=$cf_skip INTO=$cf_into awk -v list="$3.list" '$1 == "f" {
    path = ENVIRON["INTO"] substr($10, length(ENVIRON["SKIP"]) + 1)
    print path > (list (index(path, "\\") ? ".odd" : ".plain"))}' "$1"
  hash_files "$3.list" "$3.hashes" 2>/dev/null || return 1
  SKIP=$cf_skip INTO=$cf_into awk '
    BEGIN {skip = ENVIRON["SKIP"]; into = ENVIRON["INTO"]}
    part == 1 {have[$2] = $1 ""; next}
    $1 == "f" && have[into substr($10, length(skip) + 1)] != $7 "" {print $10; bad = 1}
    END {exit bad}' part=1 "$3.hashes" part=2 "$1"
}

# archive_is_good PATH SNAP DIR: the archive is read back and says what the list says.
archive_is_good() {
  if gnu_tar; then
    (cd -P -- "${1%/*}/" && exec tar --compare --file="$2/data.tar" --numeric-owner --no-unquote) >"$3.diff" 2>&1 && return 0
    head -n 5 "$3.diff"
    return 1
  fi
  mkdir -p "$3" && awk '{print $10; exit}' "$2/full" >"$3.top" || return 1
  take_out "$2/data.tar" "$3.top" "$3"
  check_files "$2/full" "$3" "$3.check"
  aig_rc=$?
  rm -rf "$3"
  return "$aig_rc"
}
