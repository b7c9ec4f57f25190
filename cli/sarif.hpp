// Findings as SARIF 2.1.0, which code hosts and editors show beside the line. Pure.
#pragma once

#include <string>

#include "cli/view.hpp"
#include "daemon/model/finding.hpp"

namespace belay::cli {

[[nodiscard]] Json sarif(const Findings& findings);

// The same findings as the API sends them: {level, rule, message, next, place}.
[[nodiscard]] Json findings_json(const Findings& findings);

}  // namespace belay::cli
