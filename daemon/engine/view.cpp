// What people see of a run: its hosts and steps folded from the journal, and the proof of its way back.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/base/escape.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/engine/finals.hpp"
#include "daemon/engine/plan_codec.hpp"
#include "daemon/engine/standing.hpp"
#include "daemon/wire/run_document.hpp"

namespace belay::engine {

using nlohmann::json;
using reduce::Phase;

namespace {

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

// How much of its plan a run carried out and left standing, or, when it went back, put back and proved.
struct Extent {
  std::size_t steps = 0;  // of the playbook, each counted once
  std::size_t hosts = 0;
};

Extent extent(const RunRow& row, const reduce::RunState& state) {
  const bool forward = row.kind == RunKind::deploy && state.stage != reduce::Stage::back && row.exit_code <= 0;
  const Phase wanted = forward ? Phase::committed : Phase::proven;
  std::set<std::size_t> steps;
  Extent out;
  for (const reduce::HostState& host : state.hosts) {
    bool any = false;
    for (std::size_t i = 0; i < host.steps.size(); ++i)
      if (host.steps[i].phase == wanted) {
        any = true;
        steps.insert(i);
      }
    if (any) ++out.hosts;
  }
  out.steps = steps.size();
  return out;
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
  } else if (row.exit_code == 3 && row.state != "needs-operator") {
    out.push_back("Nothing more: every host was put back and proven later");
  } else if (row.exit_code == 3) {
    out.push_back(fmt::format(
        "Not every host is proven to be back. Nothing was deleted: every snapshot still stands on its host. "
        "Which, and what differs: belay run show {}",
        row.id));
    out.push_back(fmt::format("See what differs: belay proof {}", row.id));
    out.push_back(
        fmt::format("Try the way back again: belay rollback {}", row.kind == RunKind::rollback ? row.of : row.id));
    out.push_back(fmt::format(
        "Or put right what it names by hand, look again with belay diff {0} -e {1}, and say so: belay block "
        "lift {2} -e {1} --reason ...",
        row.application, row.environment, row.package.substr(0, 12)));
    out.push_back(fmt::format("Until then nothing is deployed there for {}", row.application));
  } else if (row.exit_code == 4) {
    out.push_back(fmt::format("Nothing was changed. Look at the hosts: belay env check {}", row.environment));
  }
  return out;
}

// Of which host and step a sealed copy of the snapshot was made, and is still there.
std::set<std::pair<std::string, int>> copies_in(const std::vector<Recorded>& events, const Blobs& blobs) {
  std::set<std::pair<std::string, int>> out;
  for (const Recorded& recorded : events) {
    if (recorded.event.type != EventType::snap_copied) continue;
    const auto name = Digest::parse(recorded.event.digest);
    if (name && blobs.has(*name)) out.insert({recorded.event.host, recorded.event.step});
  }
  return out;
}

}  // namespace

// A part of a rehearsal, with what it really did, counted from its own events.
Awaitable<json> Engine::part_document(const Event& started, const RunRow& part) {
  Extent done;
  if (const auto plan = part.plan.empty() ? Result<Plan>(Plan{}) : co_await load_plan(part.plan); plan) {
    reduce::RunState state = reduce::initial(part.kind, *plan);
    for (const Recorded& recorded : co_await world_.journal.events(part.id))
      reduce::apply(state, *plan, recorded.event, world_.journal.epoch());
    done = extent(part, state);
  }
  co_return json{{"part", started.step}, {"what", started.note},        {"kind", to_string(part.kind)},
                 {"run", part.id},       {"state", part.state},         {"outcome", part.outcome},
                 {"steps", done.steps},  {"exit_code", part.exit_code}, {"hosts", done.hosts}};
}

Awaitable<Result<std::string>> Engine::view(std::string id) {
  const auto row = co_await world_.record.run(id);
  if (!row) co_return fail(Kind::not_found, fmt::format("there is no run {}", show(id)), "`belay run list` shows them");
  const auto events = co_await world_.journal.events(id);
  json out{{"run", wire::run_document(*row)}, {"phase", row->state == "running" ? "planning" : "ended"},
           {"batches", json::array()},        {"steps", json::array()},
           {"hosts", json::array()},          {"differences", json::array()},
           {"legs", json::array()},           {"next", advice(*row)},
           {"standing", json::array()}};
  for (const Recorded& recorded : events) {
    if (recorded.event.type != EventType::leg_started) continue;
    const auto part = co_await world_.record.run(recorded.event.digest);
    // Named, and the daemon died before it was created: it did nothing, and was begun anew under another name.
    if (!part) continue;
    out["legs"].push_back(co_await part_document(recorded.event, *part));
    // What is to be done about a rehearsal is to be done about the part that did not go well.
    if (row->exit_code > 0 && part->exit_code > 0) out["next"] = advice(*part);
  }
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
  if (row->state == "needs-operator") {
    const bool rollback = row->kind == RunKind::rollback;
    const auto copies = copies_in(rollback ? co_await world_.journal.events(row->of) : events, world_.blobs);
    out["standing"] = standing(plan, state, events, rollback ? row->of : id, copies);
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
  if (row->kind == RunKind::rehearse) {
    // What is proven about a rehearsal is proven by the part that goes back.
    std::string back;
    for (const Recorded& recorded : co_await world_.journal.events(id))
      if (recorded.event.type == EventType::leg_started && (back.empty() || recorded.event.step == 2))
        back = recorded.event.digest;
    if (!back.empty()) co_return co_await proof(back);
  }
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
      if (differences.is_object()) differences = differences["differences"];
      if (!differences.is_array()) differences = json::array();
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
