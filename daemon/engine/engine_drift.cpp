// Drift: an application's hosts against their baseline, or one environment's baseline against another's.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/base/escape.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/engine/finals.hpp"
#include "daemon/engine/parallel.hpp"
#include "daemon/model/manifest.hpp"

namespace belay::engine {

using nlohmann::json;

namespace {

std::optional<BaselineRow> current(const std::vector<BaselineRow>& rows) {
  for (const BaselineRow& row : rows)
    if (row.current) return row;
  return std::nullopt;
}

// What two environments were left with, by their baselines. One package does not put the same content everywhere: a
// step's `when`, or a variable in it, may see to that.
std::vector<std::string> between(const BaselineRow& here, const BaselineRow& there) {
  std::vector<std::string> out;
  if (here.package != there.package)
    out.push_back(fmt::format("{} has {} (package {}), {} has {} (package {})", here.environment, here.version,
                              here.package.substr(0, 12), there.environment, there.version,
                              there.package.substr(0, 12)));
  if (here.portable != there.portable)
    out.push_back(fmt::format("what the package put there is not the same: content {} in {}, {} in {}",
                              here.portable.substr(0, 12), here.environment, there.portable.substr(0, 12),
                              there.environment));
  return out;
}

Awaitable<Result<json>> host_differences(Leash& leash, const Blobs& blobs, const std::string& run,
                                         const std::string& finals_blob) {
  json out = json::array();
  BELAY_CO_TRY(const FinalManifests finals, read_finals(blobs, finals_blob));
  for (const auto& [step, text] : finals) {
    BELAY_CO_TRY(const std::string now, co_await leash.manifest(run, step, std::chrono::seconds(3600)));
    BELAY_CO_TRY(const Manifest was, parse_manifest(text));
    BELAY_CO_TRY(const Manifest is, parse_manifest(now));
    for (const Difference& difference : differences(step, was, is)) {
      json entry{{"path", show(decode_path(difference.path))}, {"what", difference.what}};
      // Two steps may look at one path; it is told once.
      if (std::find(out.begin(), out.end(), entry) == out.end()) out.push_back(std::move(entry));
    }
  }
  co_return out;
}

}  // namespace

Awaitable<Result<std::string>> Engine::drift(std::string application, std::string environment_name,
                                             std::string against) {
  const Environment* environment = world_.environment(environment_name);
  if (environment == nullptr)
    co_return fail(Kind::not_found, fmt::format("there is no environment \"{}\"", show(environment_name)),
                   "`belay env list` shows them");
  const auto baseline = current(co_await world_.record.baselines(application, environment_name));
  if (!baseline)
    co_return fail(Kind::not_found, fmt::format("{} has no baseline in {}", show(application), environment_name),
                   "Deploy it there first");
  json out{{"application", application},   {"environment", environment_name},
           {"against", against},           {"same", true},
           {"version", baseline->version}, {"run", baseline->run},
           {"hosts", json::array()},       {"differences", json::array()},
           {"problems", json::array()}};
  if (!against.empty()) {
    if (world_.environment(against) == nullptr)
      co_return fail(Kind::not_found, fmt::format("there is no environment \"{}\"", show(against)),
                     "`belay env list` shows them");
    const auto other = current(co_await world_.record.baselines(application, against));
    if (!other)
      co_return fail(Kind::not_found, fmt::format("{} has no baseline in {}", show(application), show(against)),
                     "Deploy it there first");
    for (std::string& one : between(*baseline, *other)) out["differences"].push_back(std::move(one));
    out["same"] = out["differences"].empty();
    co_return out.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  const auto run = co_await world_.record.run(baseline->run);
  if (!run) co_return fail(Kind::integrity, fmt::format("the record has no run {}", baseline->run));
  BELAY_CO_TRY(const Plan plan, co_await load_plan(run->plan));
  BELAY_CO_TRY(const auto finals, read_host_finals(world_.blobs, baseline->manifest));
  std::vector<Host> hosts;
  for (const PlanHost& host : plan.hosts) hosts.push_back(host.host);
  Links links = link_all(world_, *environment, hosts, plan.kit);
  std::vector<json> found(plan.hosts.size());
  std::vector<std::string> problems(plan.hosts.size());
  co_await for_each(world_.executor, hosts.size(), [&](std::size_t h) -> Awaitable<void> {
    const std::string& name = plan.hosts[h].host.name;
    const auto blob = finals.find(name);
    auto leash = co_await links.hosts[h].reach();
    if (!leash || blob == finals.end()) {
      problems[h] = name + ": " + (leash ? "its baseline has no manifest" : leash.error().text());
      co_return;
    }
    auto differs = co_await host_differences(**leash, world_.blobs, baseline->run, blob->second);
    if (differs)
      found[h] = std::move(*differs);
    else
      problems[h] = name + ": " + differs.error().text();
  });
  for (std::size_t h = 0; h < plan.hosts.size(); ++h) {
    if (!problems[h].empty()) {
      out["problems"].push_back(problems[h]);
      continue;
    }
    if (!found[h].empty()) out["same"] = false;
    out["hosts"].push_back({{"name", plan.hosts[h].host.name}, {"differences", std::move(found[h])}});
  }
  co_return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace belay::engine
