// JSON in and out: a guarded reader, the way between JSON and Value, and the canonical form that digests are made of.
//
// nlohmann::json is the type of everything that travels or is stored as JSON. The reader refuses duplicate keys, deep
// nesting, too many values, invalid UTF-8 and trailing text (threats J-73); nothing throws. Pure; safe from every
// thread.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/model/value.hpp"

namespace belay::wire {

struct JsonLimits {
  std::size_t bytes = 1 << 20;
  std::size_t depth = 32;
  std::size_t values = 100'000;
};

// Kind::invalid with line and column, in a file called `file` (which is only used in the place).
[[nodiscard]] Result<nlohmann::json> read_json(std::string_view bytes, const std::string& file,
                                               const JsonLimits& limits = {});

[[nodiscard]] nlohmann::json to_json(const Value& value);

// No places. An unsigned number beyond the signed range becomes a double.
[[nodiscard]] Value from_json(const nlohmann::json& json);

// Sorted keys, no blanks, UTF-8 as it is: equal values have equal bytes. Kind::invalid when a string is not UTF-8.
[[nodiscard]] Result<std::string> canonical_json(const nlohmann::json& json);

}  // namespace belay::wire
