// What people see of a run: its hosts and steps folded from the journal, and the proof of its way back.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/base/escape.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/engine/finals.hpp"
#include "daemon/engine/plan_codec.hpp"

namespace belay::engine {

using nlohmann::json;
using reduce::Phase;

namespace {

json row_json(const RunRow& row) {
  return {{"id", row.id},
          {"kind", to_string(row.kind)},
          {"application", row.application},
          {"version", row.version},
          {"environment", row.environment},
          {"package", row.package},
          {"plan", row.plan},
          {"of", row.of},
          {"actor", row.actor},
          {"reason", row.reason},
          {"state", row.state},
          {"outcome", row.outcome},
          {"exit_code", row.exit_code},
          {"created_ms", row.created_ms},
          {"ended_ms", row.ended_ms}};
}

std::string host_state(const reduce::RunState& state, const reduce::HostState& host) {
  const auto any = [&](auto&& predicate) { return std::ranges::any_of(host.steps, predicate); };
  const auto all = [&](auto&& predicate) { return std::ranges::all_of(host.steps, predicate); };
  if (any([](const auto& step) { return step.phase == Phase::needs_operator || step.phase == Phase::not_proven; }))
    return "needs-operator";
  const bool touched = any([](const auto& step) { return step.touched; });
  const bool back =
      state.stage == reduce::Stage::back || any([](const auto& step) {
        return step.phase == Phase::restoring || step.phase == Phase::restored || step.phase == Phase::proven;
      });
  if (back && host.final_done && host.failed) return "needs-operator";
  if (back && touched && all([](const auto& step) { return !step.touched || step.phase == Phase::proven; }))
    return "back";
  if (!host.connected) return "lost";
  if (back) return touched ? "going-back" : "untouched";
  if (host.failed || any([](const auto& step) { return step.phase == Phase::failed; })) return "failed";
  if (all([](const auto& step) { return step.phase == Phase::committed || step.phase == Phase::skipped; }))
    return "done";
  if (touched) return "working";
  return host.ready ? "ready" : "waiting";
}

std::string phase_name(const reduce::RunState& state) {
  switch (state.stage) {
    case reduce::Stage::planning:
      return "planning";
    case reduce::Stage::preparing:
      return std::ranges::all_of(state.hosts, &reduce::HostState::ready) ? "staging" : "preflight";
    case reduce::Stage::forward:
      return "forward";
    case reduce::Stage::back:
      return "back";
    case reduce::Stage::ended:
      return "ended";
  }
  return "?";
}

// What a tired person does now.
json advice(const RunRow& row) {
  json out = json::array();
  if (row.state == "running") {
    out.push_back(fmt::format("Watch it: belay run watch {}", row.id));
  } else if (row.exit_code == 0) {
    if (row.kind == RunKind::deploy)
      out.push_back(fmt::format("To take it back: belay rollback {} -e {}", row.application, row.environment));
  } else if (row.exit_code == 2) {
    out.push_back(fmt::format("Every host stands as it did before. The proof: belay proof {}", row.id));
    out.push_back(fmt::format("What the steps said: belay logs {}", row.id));
    out.push_back(
        fmt::format("The package is blocked in {0} until somebody lifts that: belay block lift {1} -e {0} --reason ...",
                    row.environment, row.package.substr(0, 12)));
  } else if (row.exit_code == 3) {
    out.push_back(
        "Not every host is proven to be back. Nothing was deleted: every snapshot still stands on its host below "
        "runs/" +
        (row.of.empty() ? row.id : row.of) + "/");
    out.push_back(fmt::format("See what differs: belay proof {}", row.id));
    out.push_back(fmt::format("Try the way back again: belay rollback {}", row.of.empty() ? row.id : row.of));
    out.push_back("Or put right what it names by hand, then look again: belay diff " + row.application + " -e " +
                  row.environment);
  } else if (row.exit_code == 4) {
    out.push_back(fmt::format("Nothing was changed. Look at the hosts: belay env check {}", row.environment));
  }
  return out;
}

}  // namespace

Awaitable<Result<std::string>> Engine::view(std::string id) {
  const auto row = co_await world_.record.run(id);
  if (!row) co_return fail(Kind::not_found, fmt::format("there is no run {}", show(id)), "`belay run list` shows them");
  const auto events = co_await world_.journal.events(id);
  json out{{"run", row_json(*row)},    {"phase", row->state == "running" ? "planning" : "ended"},
           {"batches", json::array()}, {"steps", json::array()},
           {"hosts", json::array()},   {"differences", json::array()},
           {"legs", json::array()},    {"next", advice(*row)}};
  for (const Recorded& recorded : events)
    if (recorded.event.type == EventType::leg_started)
      out["legs"].push_back(
          {{"part", recorded.event.step}, {"what", recorded.event.note}, {"run", recorded.event.digest}});
  if (row->plan.empty()) co_return out.dump(-1, ' ', false, json::error_handler_t::replace);
  BELAY_CO_TRY(const Plan plan, co_await load_plan(row->plan));
  reduce::RunState state = reduce::initial(row->kind, plan);
  for (const Recorded& recorded : events) reduce::apply(state, plan, recorded.event, world_.journal.epoch());
  out["phase"] = phase_name(state);
  out["reason"] = state.reason;
  for (std::size_t i = 0; i < plan.steps.size(); ++i)
    out["steps"].push_back({{"step", i + 1},
                            {"name", plan.steps[i].name},
                            {"action", plan.steps[i].action},
                            {"way_back", to_string(plan.steps[i].way_back)}});
  for (std::size_t h = 0; h < plan.hosts.size(); ++h) {
    const reduce::HostState& host = state.hosts[h];
    const auto batch = static_cast<std::size_t>(plan.hosts[h].batch);
    while (out["batches"].size() <= batch) out["batches"].push_back(json::array());
    out["batches"][batch].push_back(plan.hosts[h].host.name);
    json steps = json::array();
    for (std::size_t i = 0; i < host.steps.size(); ++i) {
      steps.push_back({{"step", i + 1},
                       {"phase", to_string(host.steps[i].phase)},
                       {"note", host.steps[i].note},
                       {"rc", host.steps[i].rc}});
      if (host.steps[i].phase == Phase::not_proven)
        out["differences"].push_back(fmt::format("{}: step {} \"{}\": {}", plan.hosts[h].host.name, i + 1,
                                                 plan.steps[i].name, host.steps[i].note));
    }
    if (host.failed && host.final_done)
      out["differences"].push_back(fmt::format("{}: {}", plan.hosts[h].host.name, host.note));
    out["hosts"].push_back({{"name", plan.hosts[h].host.name},
                            {"batch", plan.hosts[h].batch},
                            {"state", host_state(state, host)},
                            {"note", host.note},
                            {"steps", std::move(steps)}});
  }
  co_return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

// What stands now, and the rehearsal in which that very package passed: null when nothing stands or none did.
Awaitable<Result<json>> Engine::uat_baseline(const RunRow& row, bool proven) {
  for (const BaselineRow& baseline : co_await world_.record.baselines(row.application, row.environment)) {
    if (!baseline.current) continue;
    for (const EvidenceRow& evidence : co_await world_.record.evidence(baseline.package)) {
      if (!evidence.passed || evidence.kind != "rehearsal") continue;
      for (const BaselineRow& tested : co_await world_.record.baselines(row.application, evidence.environment))
        if (tested.package == baseline.package)
          co_return json{{"run", evidence.run},           {"environment", evidence.environment},
                         {"version", baseline.version},   {"package", baseline.package},
                         {"portable", baseline.portable}, {"matches", proven && tested.portable == baseline.portable}};
    }
  }
  co_return json(nullptr);
}

Awaitable<Result<std::string>> Engine::proof(std::string id) {
  const auto row = co_await world_.record.run(id);
  if (!row) co_return fail(Kind::not_found, fmt::format("there is no run {}", show(id)), "`belay run list` shows them");
  if (row->plan.empty() || row->state == "running")
    co_return fail(Kind::conflict, fmt::format("run {} has no proof {}", id,
                                               row->state == "running" ? "yet" : "because it touched nothing"));
  BELAY_CO_TRY(const Plan plan, co_await load_plan(row->plan));
  const auto events = co_await world_.journal.events(id);
  json hosts = json::object();
  bool any = false;
  bool proven = true;
  for (const Recorded& recorded : events) {
    const Event& event = recorded.event;
    if (event.type == EventType::run_back) hosts = json::object();
    const bool stuck = event.type == EventType::restored && !event.ok;
    if (!stuck && event.type != EventType::rb_proven && event.type != EventType::host_final &&
        event.type != EventType::snap_done)
      continue;
    json& host = hosts[event.host];
    if (host.is_null())
      host = {{"name", event.host}, {"proven", true}, {"steps", json::array()}, {"baseline", nullptr}};
    if (event.type == EventType::host_final) {
      host["baseline"] = {{"equal", event.ok}, {"note", event.note}};
      if (!event.ok) host["proven"] = proven = false;
    } else if (stuck || event.type == EventType::rb_proven) {
      any = true;
      const std::string& name = plan.steps[static_cast<std::size_t>(event.step) - 1].name;
      json differences = json::parse(event.detail.empty() ? "[]" : event.detail, nullptr, false);
      host["steps"].push_back({{"step", event.step},
                               {"name", name},
                               {"after", event.digest},
                               {"equal", event.ok},
                               {"note", event.note},
                               {"differences", std::move(differences)}});
      if (!event.ok) host["proven"] = proven = false;
    }
  }
  // The first manifests, as taken with the snapshots.
  for (const Recorded& recorded : events)
    if (recorded.event.type == EventType::snap_done && hosts.contains(recorded.event.host))
      for (json& step : hosts[recorded.event.host]["steps"])
        if (step["step"] == recorded.event.step) step["before"] = recorded.event.digest;
  if (!any)
    co_return fail(Kind::not_found, fmt::format("run {} did not go back, so there is nothing to prove", id),
                   fmt::format("See `belay run show {}`", id));
  json list = json::array();
  for (auto& [name, host] : hosts.items())
    if (!host["steps"].empty()) list.push_back(std::move(host));
  proven = proven && row->exit_code != 3;
  BELAY_CO_TRY(json uat, co_await uat_baseline(*row, proven));
  co_return json{{"run", id},
                 {"of", row->of},
                 {"application", row->application},
                 {"environment", row->environment},
                 {"release", row->version},
                 {"package", row->package},
                 {"exit_code", row->exit_code},
                 {"uat", std::move(uat)},
                 {"hosts", std::move(list)},
                 {"proven", proven}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace belay::engine
