// The way back on one host: restore in reverse order, bring services up again, and prove by a second manifest.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/base/escape.hpp"
#include "daemon/engine/finals.hpp"
#include "daemon/engine/run.hpp"
#include "daemon/engine/snapshot_copy.hpp"
#include "daemon/engine/stage_tar.hpp"

namespace belay::engine {

using reduce::Task;

namespace {

// A restore has its own deadline, whatever the step's was: it is never cut short to save time.
constexpr std::chrono::seconds restore_deadline{3600};
constexpr int restore_tries = 3;
constexpr int no_snapshot = 79;  // what the kit says when the snapshot is damaged, or gone

// "/etc/x mode is 0644, was 0640; …": the first few differences as a sentence; all of them go into `detail`.
std::string sentence(const std::vector<Difference>& list) {
  std::string out;
  for (std::size_t i = 0; i < list.size() && i < 8; ++i)
    out += fmt::format("{}{} {}", i == 0 ? "" : "; ", show(decode_path(list[i].path)), list[i].what);
  if (list.size() > 8) out += fmt::format("; and {} more", list.size() - 8);
  return out;
}

// The drift that preflight saw, out of what it journalled.
std::vector<std::string> drift_before(const std::string& detail) {
  const auto json = nlohmann::json::parse(detail, nullptr, false);
  std::vector<std::string> out;
  if (json.is_object() && json.contains("drift"))
    for (const auto& text : json["drift"]) out.push_back(text.get<std::string>());
  return out;
}

nlohmann::json as_json(const std::vector<Difference>& list) {
  nlohmann::json out = nlohmann::json::array();
  for (const Difference& one_difference : list)
    out.push_back({{"path", one_difference.path}, {"what", one_difference.what}});
  return out;
}

}  // namespace

Awaitable<void> Run::restore(Task task) {
  auto leash = co_await links_.hosts[task.host].reach();
  if (!leash) co_return co_await lost(task, leash.error());
  co_await record(event(EventType::rb_intent, task));
  std::string why;
  OpResult last;
  bool given = false;  // the daemon's own copy took the place of the host's snapshot
  const auto [known, by_host] = co_await await_dead_man(**leash, task);
  if (!known) co_return co_await lost(task, {Kind::unknown, "the host does not say what it did by itself", "", {}});
  for (int attempt = 1; attempt <= restore_tries; ++attempt) {
    auto result = co_await (*leash)->restore(directory(), task.step, host_epoch(task.host), restore_deadline);
    if (!result && is_loss(result.error())) co_return co_await lost(task, result.error());
    if (result) last = *result;
    if (result && result->rc == 0) {
      Event done = event(EventType::restored, task);
      done.output = store_output(result->output);
      if (by_host) done.note = "the host had taken it back by itself";
      if (given) done.note = "from the daemon's copy: the snapshot on the host was damaged or gone";
      co_return co_await record(std::move(done));
    }
    why = result ? fmt::format("restoring ended with status {}: {}", result->rc,
                               show(std::string_view(result->output).substr(0, 300)))
                 : result.error().text();
    const bool no_step = !result && (result.error().kind == Kind::integrity || result.error().kind == Kind::io);
    if (((result && result->rc == no_snapshot) || no_step) && !given) {
      given = co_await give_copy(**leash, task, why);
      if (given) continue;
    }
    // Restoring is convergent (R6): what stopped it may pass, and repeating it does no harm.
    co_await world_.clock.wait(std::chrono::seconds(2 * attempt));
  }
  Event failed = event(EventType::restored, task);
  failed.ok = false;
  failed.rc = last.rc;
  failed.output = store_output(last.output);
  failed.note = why + ". The snapshot stands untouched in " + plan_.hosts[task.host].host.base + "/runs/" +
                directory() + "/" + std::to_string(task.step) + "/snap";
  failed.detail = co_await what_stands(**leash, task);
  co_await record(std::move(failed));
}

Awaitable<std::string> Run::what_stands(Leash& leash, const Task& task) {
  nlohmann::json out{{"token", ""}, {"differences", nullptr}};
  if (const auto seen = co_await leash.probe(directory(), task.step, "restore"); seen) out["token"] = seen->token;
  const auto before = snapshot_manifest(task, task.step);
  const auto now = co_await leash.manifest(directory(), task.step, restore_deadline);
  if (before && now) {
    const auto was = parse_manifest(*before);
    const auto is = parse_manifest(*now);
    if (was && is) out["differences"] = as_json(differences(task.step, *was, *is));
  }
  co_return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Awaitable<bool> Run::give_copy(Leash& leash, const Task& task, std::string& why) {
  std::string digest = state_.hosts[task.host].steps[static_cast<std::size_t>(task.step) - 1].copy;
  if (const auto found = baselines_.copies.find({plan_.hosts[task.host].host.name, task.step});
      digest.empty() && found != baselines_.copies.end())
    digest = found->second;
  if (digest.empty()) {
    why += "; the daemon has no copy of it";
    co_return false;
  }
  const auto not_given = [&](const Error& error) {
    why += "; the daemon's copy could not be used either: " + error.text();
    return false;
  };
  const auto name = Digest::parse(digest);
  if (!name) co_return not_given(name.error());
  auto copy = copy_stream(world_.vault, *name);
  if (!copy) co_return not_given(copy.error());
  // The step's own files may have gone the same way as its snapshot.
  auto staged = co_await leash.stage(directory(), host_epoch(task.host),
                                     stage_stream(plan_, task.host, {}, world_.blobs), restore_deadline);
  if (!staged) co_return not_given(staged.error());
  auto given = co_await leash.give(directory(), task.step, host_epoch(task.host), std::move(*copy));
  if (!given) co_return not_given(given.error());
  co_return true;
}

Awaitable<void> Run::settle(Task task) {
  auto leash = co_await links_.hosts[task.host].reach();
  if (!leash) co_return co_await lost(task, leash.error());
  Event done = event(EventType::host_settled, task);
  const reduce::HostState& host = state_.hosts[task.host];
  for (std::size_t i = 0; i < host.steps.size(); ++i) {
    if (!host.steps[i].touched) continue;
    const int step = static_cast<int>(i) + 1;
    auto result = co_await (*leash)->settle(directory(), step, host_epoch(task.host), restore_deadline);
    if (!result && is_loss(result.error())) co_return co_await lost(task, result.error());
    if (result && result->rc == 0) continue;
    // The proof decides; this only says why it may come out badly.
    done.ok = false;
    done.note += fmt::format("{}after restoring, step {} could not be settled: {}", done.note.empty() ? "" : "; ", step,
                             result ? show(std::string_view(result->output).substr(0, 300)) : result.error().text());
  }
  co_await record(std::move(done));
}

// The manifest that was taken with the snapshot: always the daemon's own copy, from this run's journal or from that of
// the deployment it takes back. What a host says now about then proves nothing.
Result<std::string> Run::snapshot_manifest(const Task& task, int step) const {
  std::string digest = state_.hosts[task.host].steps[static_cast<std::size_t>(step) - 1].before;
  if (const auto found = baselines_.snapshots.find({plan_.hosts[task.host].host.name, step});
      digest.empty() && found != baselines_.snapshots.end())
    digest = found->second;
  if (digest.empty()) return fail(Kind::integrity, "the journal has no manifest of the snapshot to compare with");
  BELAY_TRY(const Digest name, Digest::parse(digest));
  return world_.blobs.get(name);
}

Awaitable<void> Run::prove(Task task) {
  auto leash = co_await links_.hosts[task.host].reach();
  if (!leash) co_return co_await lost(task, leash.error());
  const reduce::HostState& host = state_.hosts[task.host];
  std::vector<StepStates> states;
  std::map<int, std::string> unproven;  // step → why nothing can be compared
  std::map<int, std::string> seen;      // step → digest of the second manifest
  for (std::size_t i = 0; i < host.steps.size(); ++i) {
    if (!host.steps[i].touched) continue;
    const int step = static_cast<int>(i) + 1;
    const auto before = snapshot_manifest(task, step);
    auto now = co_await (*leash)->manifest(directory(), step, restore_deadline);
    if (!now && is_loss(now.error())) co_return co_await lost(task, now.error());
    if (!before || !now) {
      unproven[step] = (before ? now.error() : before.error()).text();
      continue;
    }
    auto was = parse_manifest(*before);
    auto is = parse_manifest(*now);
    if (!was || !is) {
      unproven[step] = (was ? is.error() : was.error()).text();
      continue;
    }
    if (auto digest = world_.blobs.put(*now)) seen[step] = digest->hex();
    bool any_line = false;
    for (const ManifestPart& part : was->parts) any_line |= !part.lines.empty();
    const bool touches_nothing = plan_.steps[i].way_back == WayBack::nothing;
    if (plan_.steps[i].way_back == WayBack::none)
      unproven[step] = "it has no way back: what it did still stands";
    else if (!any_line && !touches_nothing)
      unproven[step] = "its undo ran, but nothing says what the state was: give the step `touches` or `state`";
    states.push_back({step, std::move(*was), std::move(*is)});
  }
  std::map<int, std::vector<Difference>> by_step;
  for (Difference& difference : differences(states)) by_step[difference.step].push_back(std::move(difference));
  std::vector<Event> events;
  for (std::size_t i = 0; i < host.steps.size(); ++i) {
    if (!host.steps[i].touched) continue;
    Task of_step = task;
    of_step.step = static_cast<int>(i) + 1;
    Event proof = event(EventType::rb_proven, of_step);
    proof.digest = seen[of_step.step];
    const auto& differs = by_step[of_step.step];
    const auto why = unproven.find(of_step.step);
    proof.ok = differs.empty() && why == unproven.end();
    if (why != unproven.end()) proof.note = why->second;
    if (!differs.empty()) proof.note = sentence(differs);
    proof.detail = as_json(differs).dump();
    events.push_back(std::move(proof));
  }
  // The whole against the baseline that was tested: not only what this run touched.
  Event whole = event(EventType::host_final, task);
  auto drifted = co_await drift(**leash, plan_.hosts[task.host].host.name);
  if (!drifted && is_loss(drifted.error())) co_return co_await lost(task, drifted.error());
  if (!drifted) {
    whole.ok = false;
    whole.note = "the baseline could not be looked at: " + drifted.error().text();
  } else {
    // What had drifted before this run began is not of its making; preflight has told it.
    const std::vector<std::string> known = drift_before(host.facts);
    std::erase_if(*drifted, [&](const std::string& text) { return std::ranges::find(known, text) != known.end(); });
    whole.ok = drifted->empty();
    for (const std::string& text : *drifted)
      whole.note += (whole.note.empty() ? "differs from the baseline: " : "; ") + text;
  }
  events.push_back(std::move(whole));
  co_await record(std::move(events));
}

}  // namespace belay::engine
