// What stands on the hosts that a run could not prove to be back: the facts a person needs who has to put it right.
//
// Folded from the journal; no host is asked, so it says what was last known. Pure. The document is `standing` of the
// view (docs/api.md); texts of hosts in it are escaped.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/event.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/reduce/state.hpp"

namespace belay::engine {

// One entry per host with a touched step that is not proven, or with a doubt of its own; one per such step in it.
// `directory` is the run's on the hosts (a rollback works in the deployment's). `copied`: of which host and step the
// daemon holds a sealed copy of the snapshot.
[[nodiscard]] nlohmann::json standing(const Plan& plan, const reduce::RunState& state,
                                      const std::vector<Recorded>& events, const std::string& directory,
                                      const std::set<std::pair<std::string, int>>& copied);

}  // namespace belay::engine
