#include "tests/simulation/world/plans.hpp"

#include <fmt/format.h>

#include <random>

namespace belay::sim {

Plan plain_plan(std::size_t hosts, std::size_t steps) {
  Plan plan;
  for (std::size_t i = 0; i < steps; ++i) plan.steps.push_back({.name = fmt::format("s{}", i + 1), .action = "file"});
  for (std::size_t h = 0; h < hosts; ++h) {
    PlanHost host;
    host.host.name = fmt::format("h{}", h + 1);
    host.steps.resize(steps);
    plan.hosts.push_back(std::move(host));
  }
  return plan;
}

Plan random_plan(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  Plan plan = plain_plan(1 + below(3), 1 + below(4));
  int batch = 0;
  for (PlanHost& host : plan.hosts) {
    host.batch = batch;
    if (below(3) == 0) ++batch;
  }
  std::vector<std::string> results;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    PlanStep& step = plan.steps[i];
    step.retries = static_cast<int>(below(3));
    step.run_once = below(5) == 0;
    const std::size_t owner = below(plan.hosts.size());
    for (std::size_t h = 0; h < plan.hosts.size(); ++h)
      plan.hosts[h].steps[i].skipped = step.run_once ? h != owner : below(7) == 0;
    if (!results.empty() && below(3) == 0) {
      constexpr const char* forms[] = {"{}.ok", "not {}.ok", "{}.rc == 0", "{}.rc == '' or {}.ok"};
      const std::string& name = results[below(results.size())];
      step.when = fmt::format(fmt::runtime(forms[below(4)]), name, name);
    }
    if (below(3) == 0) {
      step.register_as = fmt::format("r{}", i + 1);
      results.push_back(step.register_as);
    }
  }
  return plan;
}

}  // namespace belay::sim
