// Hosts between model/inventory.hpp and JSON: what `PUT /v1/hosts/{name}` takes, what HostRow::detail holds, what is
// shown.
//
// Pure. Reading checks everything that later becomes part of a connection or a path (threats H-62).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/api/documents.hpp"
#include "daemon/base/error.hpp"
#include "daemon/model/inventory.hpp"

namespace belay::api {

// `json` is an object whose members have the types of the route table. Kind::invalid names the member that is wrong;
// Kind::not_found when the environment is not one of `environments`.
[[nodiscard]] Result<Host> host_from(const std::string& name, const nlohmann::json& json,
                                     const std::vector<Environment>& environments);

// Canonical: the same host has the same bytes.
[[nodiscard]] Json document(const Host& host);

}  // namespace belay::api
