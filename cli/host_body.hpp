// A host as the body of `PUT /v1/hosts/{name}` (docs/api.md). Pure.
#pragma once

#include "cli/view.hpp"
#include "daemon/model/inventory.hpp"

namespace belay::cli {

// What is empty is the environment's to say, and is left out. The name is the path's.
[[nodiscard]] Json host_body(const Host& host);

}  // namespace belay::cli
