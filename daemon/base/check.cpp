#include "daemon/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace belay {

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "belay: check failed at %s:%d: %s\n", file, line, expression);
  std::abort();
}

}  // namespace belay
