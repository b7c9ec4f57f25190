// Finding: one thing that is wrong or doubtful in something a person wrote: what, where, by which rule, what to do.
//
// Plain value. `rule` is a stable id: a control of docs/controls ("KY-1"), or a short name ("schema", "opaque").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay {

struct Finding {
  enum class Level : std::uint8_t { error, warning };
  Level level = Level::error;
  std::string rule;
  Place place;
  std::string message;  // one sentence
  std::string next;     // one sentence: what to do; may be empty

  // "file:3:7: error: message. next [rule]"
  [[nodiscard]] std::string text() const;
};

using Findings = std::vector<Finding>;

[[nodiscard]] std::string_view to_string(Finding::Level level);
[[nodiscard]] bool has_errors(const Findings& findings);
// By file, line, column, message.
void sort(Findings& findings);

}  // namespace belay
