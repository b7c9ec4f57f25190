// The document of a run's row: the one place that says how a run looks in JSON (docs/api.md). Pure.
#pragma once

#include <nlohmann/json.hpp>

#include "daemon/model/record.hpp"

namespace belay::wire {

// {id, kind, application, version, environment, package, plan, of, actor, reason, state, outcome, exit_code,
// created_ms, ended_ms}, in this order.
[[nodiscard]] nlohmann::ordered_json run_document(const RunRow& row);

}  // namespace belay::wire
