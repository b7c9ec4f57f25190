// The OpenAPI 3.1 description of the route table, as YAML. docs/openapi.yaml is this text; a test compares them. Pure.
#pragma once

#include <string>

namespace belay::api {

[[nodiscard]] std::string openapi_yaml(const std::string& version);

}  // namespace belay::api
