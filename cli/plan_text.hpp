// A plan (the plan document of docs/api.md) as text for people: per host and step what would change, with its diff, its
// way back, the guarantee class; hosts with the same plan are shown once. Pure; every byte is safe to print.
#pragma once

#include <string>

#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/view.hpp"

namespace belay::cli {

[[nodiscard]] std::string plan_text(const Json& plan, const Paint& paint);

// "playbook.yaml:12:3: warning: … [rule]", one per line.
[[nodiscard]] std::string findings_text(const Json& findings);

}  // namespace belay::cli
