#!/bin/sh
# The style checks, each callable alone; ctest runs them as tests of their own (tests/house/CMakeLists.txt).
#
# usage: tools/lint.sh CHECK...
#   format   clang-format would change nothing
#   shell    shellcheck is content with every script, as POSIX sh (with .ci/run as bash)
#   tidy     clang-tidy over the .cpp files of daemon, cli and plugins, with the checks of .clang-tidy
#   reformat is not a check: lets clang-format rewrite the sources
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/.."

cpp_sources() {
  for folder in include daemon cli plugins tests bench; do
    if [ -d "$folder" ]; then
      find "$folder" -type f \( -name '*.cpp' -o -name '*.hpp' \)
    fi
  done | sort
}

shell_sources() {
  find tools plugins playbooks tests cli -type f -name '*.sh' | sort
}

check_format() {
  cpp_sources | xargs -r clang-format-19 --dry-run -Werror --style=file
}

check_shell() {
  # SC1090, SC1091: a sourced file (the kit's lib.sh) has a path that only exists on a host; each file is checked alone.
  shell_sources | xargs -r shellcheck -s sh -e SC1090,SC1091 && shellcheck -s bash .ci/run || return 1
  # The two constant commands are one line each; what counts is the program between their quotes.
  for command in plugins/kit/*.cmd; do
    sed "s/^[^']*'//;s/'[^']*\$//" "$command" | shellcheck -s sh - || return 1
  done
}

# In the lint preset tools/tidy-launcher.sh stands where the compiler stands, so ninja knows what has to be looked at
# again. Only objects are asked for: there is nothing to link.
check_tidy() {
  mkdir -p build
  if ! cmake --preset lint >build/lint.log 2>&1; then
    cat build/lint.log >&2
    return 1
  fi
  objects=$(ninja -C build/lint -t targets all | sed -n 's/^\([^ ]*\.cpp\.o\): CXX_COMPILER.*/\1/p')
  # shellcheck disable=SC2086  # object names hold no blanks
  ninja -C build/lint -k 0 --quiet $objects
}

if [ $# = 0 ]; then
  set -- format shell tidy
fi
for check in "$@"; do
  case $check in
    format | shell | tidy) run=check_$check ;;
    reformat) run='eval cpp_sources | xargs -r clang-format-19 -i --style=file' ;;
    *)
      printf 'lint: no such check: %s (format, shell, tidy, reformat)\n' "$check" >&2
      exit 64
      ;;
  esac
  if ! $run; then
    printf 'lint: %s found something; the lines above say where\n' "$check" >&2
    exit 1
  fi
  printf 'lint: %s is clean\n' "$check"
done
