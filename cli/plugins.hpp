// What actions the installed plugins offer, for the lint. Reads files only.
#pragma once

#include <string>

#include "cli/io.hpp"
#include "daemon/base/error.hpp"
#include "daemon/package/lint.hpp"

namespace belay::cli {

// `directory`, else BELAY_PLUGINS, else ../share/belay/plugins from this program. An empty catalogue when none of them
// is there (the lint then says that it could not check actions); an error when a named one cannot be read.
[[nodiscard]] Result<package::Catalogue> action_schemas(const Io& io, const std::string& directory);

}  // namespace belay::cli
