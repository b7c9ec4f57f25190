// Makes a Plan: one package, one environment, its hosts and what is known of them.
//
// Deterministic: the same inputs give the same plan and so the same digest. The only thing written is blobs (rendered
// templates). Kind::invalid with a place in playbook.yaml, Kind::refused when nothing would run.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/model/contents.hpp"
#include "daemon/model/inventory.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/plugin/catalogue.hpp"
#include "daemon/port/blobs.hpp"

namespace belay::engine {

using Facts = std::map<std::string, std::string>;

struct PlanInput {
  const PackageContents& package;
  const Environment& environment;
  std::vector<Host> hosts;             // those chosen by select_hosts, in order
  std::map<std::string, Facts> facts;  // host name → what the leash said
  const plugin::Catalogue& catalogue;
  Blobs& blobs;
};

// The hosts of an environment that a pattern names: `all`, or names of hosts and groups separated by commas. Each host
// comes with user, base and transport filled in. Sorted by name. Kind::invalid when the pattern names nothing.
[[nodiscard]] Result<std::vector<Host>> select_hosts(const std::vector<Host>& inventory, const Environment& environment,
                                                     const std::string& pattern, const Place& place);

// Batch of each of `count` hosts, by `serial` (the last entry repeats; percentages are of all hosts, at least one).
[[nodiscard]] std::vector<int> batches(const std::vector<BatchSize>& serial, std::size_t count);

[[nodiscard]] Result<Plan> make_plan(const PlanInput& input);

}  // namespace belay::engine
