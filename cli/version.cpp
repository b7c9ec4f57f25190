#include "cli/version.hpp"

namespace belay::cli {

std::string version() { return BELAY_VERSION; }

}  // namespace belay::cli
