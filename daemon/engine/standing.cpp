#include "daemon/engine/standing.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/base/escape.hpp"
#include "daemon/model/manifest.hpp"

namespace belay::engine {

using nlohmann::json;
using reduce::Phase;

namespace {

// What the way back learnt about a step last.
struct Seen {
  std::string token;                     // empty: not known
  std::optional<json> differences = {};  // none: nobody could look
};

// "path what", one text each. `list` is what the run wrote: [{path, what}], the path encoded.
json texts_of(const json& list) {
  json out = json::array();
  for (const json& one : list)
    out.push_back(show(decode_path(one.value("path", ""))) + " " + show(one.value("what", "")));
  return out;
}

Seen seen_in(const Event& event) {
  const json detail = json::parse(event.detail, nullptr, false);
  if (event.type == EventType::rb_proven)
    return {"restored", detail.is_array() && !event.digest.empty() ? std::optional(texts_of(detail)) : std::nullopt};
  Seen seen{event.ok ? "restored" : "", std::nullopt};
  if (event.ok || !detail.is_object()) return seen;
  seen.token = show(detail.value("token", ""));
  if (const auto list = detail.find("differences"); list != detail.end() && list->is_array())
    seen.differences = texts_of(*list);
  return seen;
}

// How a person gets to the host; empty where it is the daemon's own machine.
std::string way_to(const Host& host) {
  if (host.transport == "local") return {};
  return fmt::format("ssh -p {} {}@{}", host.port, host.user, host.address);
}

}  // namespace

json standing(const Plan& plan, const reduce::RunState& state, const std::vector<Recorded>& events,
              const std::string& directory, const std::set<std::pair<std::string, int>>& copied) {
  std::map<std::pair<std::string, int>, Seen> seen;
  for (const Recorded& recorded : events) {
    const Event& event = recorded.event;
    if (event.type == EventType::restored || event.type == EventType::rb_proven)
      seen[{event.host, event.step}] = seen_in(event);
  }
  json out = json::array();
  for (std::size_t h = 0; h < plan.hosts.size() && h < state.hosts.size(); ++h) {
    const Host& host = plan.hosts[h].host;
    const reduce::HostState& at = state.hosts[h];
    json steps = json::array();
    for (std::size_t i = 0; i < at.steps.size(); ++i) {
      const reduce::StepState& step = at.steps[i];
      if (!step.touched || step.phase == Phase::proven) continue;
      const int number = static_cast<int>(i) + 1;
      // Where the way back did not get to, the step stands as it was left.
      const Seen untried{step.phase == Phase::committed ? "committed" : "", std::nullopt};
      const auto found = seen.find({host.name, number});
      const Seen& last = found == seen.end() ? untried : found->second;
      steps.push_back({{"step", number},
                       {"name", plan.steps[i].name},
                       {"phase", to_string(step.phase)},
                       {"note", step.note},
                       {"token", last.token},
                       {"snapshot", fmt::format("{}/runs/{}/{}/snap", host.base, directory, number)},
                       {"copy", copied.contains({host.name, number})},
                       {"differences", last.differences ? *last.differences : json(nullptr)}});
    }
    const bool doubt = at.final_done && at.failed;
    if (steps.empty() && !doubt) continue;
    out.push_back({{"name", host.name}, {"reach", way_to(host)}, {"note", at.note}, {"steps", std::move(steps)}});
  }
  return out;
}

}  // namespace belay::engine
