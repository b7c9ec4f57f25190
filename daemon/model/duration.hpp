// Times as people write them in playbooks and configuration: 30s, 5m, 1h, or a plain number of seconds.
//
// Pure. Kind::invalid with the value's place when it is no such time or longer than 7 days.
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/model/value.hpp"

namespace belay {

// Whole seconds.
[[nodiscard]] Result<int> parse_duration(const Value& value);

}  // namespace belay
