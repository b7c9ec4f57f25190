// Finds the parts of a JSON Schema that speak about one node of a document, for messages and for the guard on patterns.
//
// Follows properties, patternProperties, additionalProperties, items, local $ref and the combining keywords; never
// further than 64 schemas per node. Pure. Internal to daemon/wire.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace belay::wire {

// One step into a document: a key, or an index when `key` is a list's.
struct Step {
  bool index = false;
  std::string key;
};

// All subschemas that may apply to the root of a document: `schema` itself, its $ref and its combining members.
[[nodiscard]] std::vector<const nlohmann::json*> spread(const nlohmann::json& root, const nlohmann::json& schema);

// All subschemas that may apply after one more step from `from`.
[[nodiscard]] std::vector<const nlohmann::json*> descend(const nlohmann::json& root,
                                                         const std::vector<const nlohmann::json*>& from,
                                                         const Step& step);

}  // namespace belay::wire
