// The version that CMake was told. Pure.
#pragma once

#include <string>

namespace belay::cli {

[[nodiscard]] std::string version();

}  // namespace belay::cli
