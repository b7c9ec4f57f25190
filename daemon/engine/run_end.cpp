// The end of a run: the verdict, and what it makes true in the record, in one transaction.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "daemon/engine/finals.hpp"
#include "daemon/engine/run.hpp"

namespace belay::engine {

using reduce::Task;

namespace {

// How often one deployment may have been taken back without success; more are not looked for.
constexpr int most_tries = 1000;

std::string state_of(int exit_code, RunKind kind, bool started, bool aborted) {
  switch (exit_code) {
    case 0:
      return kind == RunKind::rollback ? "rolled-back" : "completed";
    case 2:
      return "rolled-back";
    case 3:
      return "needs-operator";
    case 5:
      return "refused";
    default:
      return !started && aborted ? "cancelled" : "failed";
  }
}

// One digest over what every host was given by the package itself: equal in two environments when the same content
// stands in both, whatever their paths, owners and configuration.
std::string portable_digest(const std::vector<reduce::HostState>& hosts) {
  std::map<std::string, std::set<std::string>> all;
  for (const reduce::HostState& host : hosts) {
    const auto detail = nlohmann::json::parse(host.final_detail, nullptr, false);
    if (!detail.is_object() || !detail.contains("portable")) continue;
    for (const auto& [step, digests] : detail["portable"].items())
      for (const auto& digest : digests) all[step].insert(digest.get<std::string>());
  }
  return sha256(nlohmann::json(all).dump()).hex();
}

}  // namespace

BlockRow block_of(const RunRow& row, const std::string& reason) {
  return {
      .package = row.package, .environment = row.environment, .run = row.id, .reason = reason, .at_ms = row.ended_ms};
}

// A way back that came to its end: what is the baseline now, and that no earlier try of it needs an operator any more.
Awaitable<std::vector<RecordWrite>> Run::rows_put_back() {
  std::vector<RecordWrite> rows;
  const auto all = co_await world_.record.baselines(row_.application, row_.environment);
  for (BaselineRow baseline : all) {
    const bool undone = baseline.run == plan_.of;
    const bool again = !baselines_.before.run.empty() && baseline.run == baselines_.before.run;
    if (!undone && !again) continue;
    baseline.current = again;
    rows.emplace_back(std::move(baseline));
  }
  const auto deployment = co_await world_.record.run(plan_.of);
  std::set<std::string> tries;
  for (RunRow earlier : co_await world_.record.runs({.application = row_.application,
                                                     .environment = row_.environment,
                                                     .state = "needs-operator",
                                                     .limit = most_tries})) {
    const bool rehearsal = earlier.kind == RunKind::rehearse && deployment && deployment->of == earlier.id;
    if (earlier.id != plan_.of && earlier.of != plan_.of && !rehearsal) continue;
    if (earlier.kind == RunKind::rollback) tries.insert(earlier.id);
    earlier.state = "rolled-back";
    earlier.outcome += fmt::format("; put back and proven by run {}", row_.id);
    rows.emplace_back(std::move(earlier));
  }
  // A way back says nothing against its package: what kept it out was only that it had not come to its end.
  for (BlockRow block : co_await world_.record.blocks(row_.package)) {
    if (!tries.contains(block.run)) continue;
    block.lifted_by = row_.actor;
    block.lift_reason = fmt::format("put back and proven by run {}", row_.id);
    block.lifted_ms = row_.ended_ms;
    rows.emplace_back(std::move(block));
  }
  co_return rows;
}

Awaitable<std::vector<RecordWrite>> Run::rows_at_end(int exit_code) {
  std::vector<RecordWrite> rows;
  if (exit_code == 0 && row_.kind == RunKind::deploy) {
    std::map<std::string, std::string> finals;
    for (std::size_t h = 0; h < plan_.hosts.size(); ++h)
      finals[plan_.hosts[h].host.name] = state_.hosts[h].final_manifest;
    BaselineRow baseline{.application = row_.application,
                         .environment = row_.environment,
                         .version = row_.version,
                         .package = row_.package,
                         .run = row_.id,
                         .previous_run = baselines_.before.run,
                         .portable = portable_digest(state_.hosts),
                         .at_ms = row_.ended_ms};
    // A failing disk ends the process in the store; what is left here is a blob that could not be written.
    if (auto digest = write_host_finals(world_.blobs, finals)) baseline.manifest = *digest;
    rows.emplace_back(std::move(baseline));
  }
  if (exit_code == 0 && row_.kind == RunKind::rollback) co_return co_await rows_put_back();
  if (row_.kind == RunKind::deploy && state_.started && (exit_code == 2 || exit_code == 3))
    rows.emplace_back(block_of(row_, state_.reason));
  if (row_.kind == RunKind::rollback && exit_code == 3) rows.emplace_back(block_of(row_, row_.outcome));
  co_return rows;
}

Awaitable<void> Run::end(const Task& task) {
  Event ended;
  ended.type = EventType::run_ended;
  ended.run = row_.id;
  ended.epoch = world_.journal.epoch();
  ended.rc = task.exit_code;
  ended.ok = task.exit_code == 0;
  ended.note = state_.stage == reduce::Stage::back && !state_.reason.empty()
                   ? fmt::format("{}; {}", state_.reason, task.why)
                   : task.why;
  row_.state = state_of(task.exit_code, row_.kind, state_.started, state_.abort);
  row_.outcome = ended.note;
  row_.exit_code = task.exit_code;
  row_.ended_ms = world_.clock.now_ms();
  std::vector<RecordWrite> rows = co_await rows_at_end(task.exit_code);
  rows.emplace_back(row_);
  std::vector<Event> events;
  events.push_back(std::move(ended));
  co_await record(std::move(events), std::move(rows));
  spdlog::info("run {} of {} {} in {} ended with {}: {}", row_.id, row_.application, row_.version, row_.environment,
               task.exit_code, row_.outcome);
}

}  // namespace belay::engine
