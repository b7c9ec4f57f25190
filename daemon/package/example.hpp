// The example package of `belay package init`: small, complete, without findings, and explained by its own comments.
//
// Its files are playbooks/example, compiled in. One thread at a time.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay::package {

// Writes the example into `directory`, which is made when it is not there. The paths written, relative to it.
// Kind::conflict when the directory has something in it already (nothing is written then), Kind::io.
[[nodiscard]] Result<std::vector<std::string>> write_example(const std::filesystem::path& directory);

}  // namespace belay::package
