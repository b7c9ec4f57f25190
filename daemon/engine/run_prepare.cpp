// Before anything is touched: take the host, look at it, bring everything it will need.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/base/escape.hpp"
#include "daemon/engine/finals.hpp"
#include "daemon/engine/preflight.hpp"
#include "daemon/engine/run.hpp"
#include "daemon/engine/stage_tar.hpp"

namespace belay::engine {

using reduce::Task;

Awaitable<void> Run::fence(Task task) {
  const int lost_before = state_.hosts[task.host].lost;
  if (lost_before > 0) {
    // A host that was just lost gets a little longer each time before it is tried again.
    co_await world_.clock.wait(std::chrono::seconds(std::min(1 << lost_before, 20)));
  }
  auto leash = co_await links_.hosts[task.host].reach();
  if (!leash) co_return co_await lost(task, leash.error());
  const int generation = next_generation_();
  const std::uint64_t epoch = world_.journal.epoch() << 20 | static_cast<std::uint64_t>(generation);
  if (auto fenced = co_await (*leash)->fence(epoch); !fenced) {
    // A way back asks again: a host that is busy now may be free in a moment.
    const bool back = row_.kind == RunKind::rollback || state_.stage == reduce::Stage::back;
    if (is_loss(fenced.error()) || back) co_return co_await lost(task, fenced.error());
    Event no = event(EventType::host_failed, task);
    no.rc = 1;
    no.note = fenced.error().text();
    co_return co_await record(std::move(no));
  }
  Event done = event(EventType::host_fenced, task);
  done.rc = generation;
  co_await record(std::move(done));
  // A step that an earlier daemon left armed waits for a word from this one.
  keep_alive(task.host);
}

Awaitable<void> Run::ready(Task task) {
  auto leash = co_await links_.hosts[task.host].reach();
  if (!leash) co_return co_await lost(task, leash.error());
  auto facts = co_await (*leash)->facts();
  if (!facts && is_loss(facts.error())) co_return co_await lost(task, facts.error());
  Event no = event(EventType::host_failed, task);
  no.rc = 1;
  if (!facts) {
    no.note = facts.error().text();
    co_return co_await record(std::move(no));
  }
  std::uint64_t bytes = 0;
  std::set<std::string> blobs;
  for (const HostStep& step : plan_.hosts[task.host].steps) blobs.insert(step.blobs.begin(), step.blobs.end());
  for (const std::string& hex : blobs)
    if (auto digest = Digest::parse(hex))
      if (auto size = world_.blobs.size(*digest)) bytes += *size;
  // A way back must not be stopped by what a way forward would have to have.
  const bool back = row_.kind == RunKind::rollback;
  const std::vector<Problem> problems = problems_of(*facts, back ? 0 : bytes, plan_.dead_man_seconds);
  if (!problems.empty() && !back) {
    for (const Problem& problem : problems)
      no.note += (no.note.empty() ? "" : "; ") + problem.what + ". " + problem.next;
    co_return co_await record(std::move(no));
  }
  Event done = event(EventType::host_ready, task);
  nlohmann::json detail{{"facts", *facts}, {"drift", nlohmann::json::array()}};
  if (back) {
    auto kept = co_await keep_conflicts(**leash, task);
    if (!kept && is_loss(kept.error())) co_return co_await lost(task, kept.error());
    done.note = kept ? *kept : kept.error().text();
  } else {
    auto drifted = co_await drift(**leash, plan_.hosts[task.host].host.name);
    if (!drifted && is_loss(drifted.error())) co_return co_await lost(task, drifted.error());
    std::string note;
    if (!drifted)
      note = "its baseline could not be looked at: " + drifted.error().text();
    else
      detail["drift"] = *drifted;
    if (drifted)
      for (const std::string& text : *drifted) note += (note.empty() ? "differs from its baseline: " : "; ") + text;
    if (!note.empty() && environment_.rules.refuse_drift) {
      no.rc = 5;
      no.note = note + " (MA-8.1.5). Look with `belay diff " + plan_.application + " -e " + plan_.environment +
                "`; put it right on the host, or set `require: {refuse_drift: false}` for the environment";
      co_return co_await record(std::move(no));
    }
    done.note = note;
  }
  done.detail = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  co_await record(std::move(done));
}

Awaitable<Result<std::vector<std::string>>> Run::drift(Leash& leash, const std::string& host) {
  std::vector<std::string> out;
  const BaselineView& baseline = baselines_.before;
  const auto final_blob = baseline.finals.find(host);
  if (final_blob == baseline.finals.end()) co_return out;
  BELAY_CO_TRY(const FinalManifests finals, read_finals(world_.blobs, final_blob->second));
  for (const auto& [step, text] : finals) {
    BELAY_CO_TRY(const std::string now, co_await leash.manifest(baseline.run, step, std::chrono::seconds(3600)));
    BELAY_CO_TRY(const Manifest before_parsed, parse_manifest(text));
    BELAY_CO_TRY(const Manifest now_parsed, parse_manifest(now));
    for (const Difference& difference : differences(step, before_parsed, now_parsed))
      out.push_back(fmt::format("{} {}", show(decode_path(difference.path)), difference.what));
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  co_return out;
}

// Before a finished deployment is taken back: what somebody changed since is copied aside and told, never lost.
Awaitable<Result<std::string>> Run::keep_conflicts(Leash& leash, const Task& task) {
  std::string note;
  const auto final_blob = baselines_.deployed.finals.find(plan_.hosts[task.host].host.name);
  if (final_blob == baselines_.deployed.finals.end()) co_return note;
  BELAY_CO_TRY(const FinalManifests finals, read_finals(world_.blobs, final_blob->second));
  for (const auto& [step, text] : finals) {
    BELAY_CO_TRY(const std::vector<std::string> kept, co_await leash.keep(directory(), step, text));
    for (const std::string& path : kept)
      note += (note.empty()
                   ? fmt::format("changed since the deployment, so a copy is kept on the host below {}/conflicts/{}: ",
                                 plan_.hosts[task.host].host.base, directory())
                   : std::string(", ")) +
              show(decode_path(path));
  }
  co_return note;
}

Awaitable<void> Run::stage(Task task) {
  auto leash = co_await links_.hosts[task.host].reach();
  if (!leash) co_return co_await lost(task, leash.error());
  std::set<std::string> all;
  for (const HostStep& step : plan_.hosts[task.host].steps) all.insert(step.blobs.begin(), step.blobs.end());
  auto missing = co_await (*leash)->missing({all.begin(), all.end()});
  if (!missing && is_loss(missing.error())) co_return co_await lost(task, missing.error());
  Event no = event(EventType::host_failed, task);
  no.rc = 1;
  if (!missing) {
    no.note = missing.error().text();
    co_return co_await record(std::move(no));
  }
  // A host that asks for a blob we did not name is lying or broken; it gets only what the plan gives it.
  std::erase_if(*missing, [&](const std::string& digest) { return !all.contains(digest); });
  auto staged = co_await (*leash)->stage(row_.id, host_epoch(task.host),
                                         stage_stream(plan_, task.host, std::move(*missing), world_.blobs),
                                         std::chrono::hours(2));
  if (!staged && is_loss(staged.error())) co_return co_await lost(task, staged.error());
  if (!staged) {
    no.note = staged.error().text();
    co_return co_await record(std::move(no));
  }
  co_await record(event(EventType::host_staged, task));
}

}  // namespace belay::engine
