// The way forward on one host: snapshot, apply, verify, and the last look. What stands between them is in
// run_guard.cpp.
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "daemon/base/escape.hpp"
#include "daemon/engine/run.hpp"
#include "daemon/engine/stage_tar.hpp"

namespace belay::engine {

using reduce::Task;

namespace {

// The last line that says something, for the one sentence in the journal; all of it stands in the output blob.
std::string last_words(std::string_view output) {
  while (!output.empty() && (output.back() == '\n' || output.back() == ' ')) output.remove_suffix(1);
  const std::size_t start = output.rfind('\n');
  return show(output.substr(start == std::string_view::npos ? 0 : start + 1).substr(0, 200));
}

std::string why_failed(const OpResult& result, const char* what, std::chrono::seconds deadline) {
  if (result.rc == 124) return fmt::format("{} did not end within {} s and was killed", what, deadline.count());
  const std::string words = last_words(result.output);
  return fmt::format("{} ended with status {}{}{}", what, result.rc, words.empty() ? "" : ": ", words);
}

}  // namespace

Awaitable<void> Run::snapshot(Task task) {
  auto leash = co_await links_.hosts[task.host].reach();
  if (!leash) co_return co_await lost(task, leash.error());
  // While this waited, the run may have turned back: then nothing new begins.
  if (state_.stage != reduce::Stage::forward) co_return;
  co_await record(event(EventType::snap_intent, task));
  auto taken = co_await (*leash)->snapshot(directory(), task.step, host_epoch(task.host), std::chrono::seconds(3600),
                                           plan_.copy_snapshots ? &world_.vault : nullptr);
  if (!taken && is_loss(taken.error())) co_return co_await lost(task, taken.error());
  Event done = event(EventType::snap_done, task);
  std::string problem;
  if (!taken) {
    problem = taken.error().text();
  } else if (auto parsed = parse_manifest(taken->manifest); !parsed) {
    problem = parsed.error().text();
  } else if (auto digest = world_.blobs.put(taken->manifest); !digest) {
    problem = digest.error().text();
  } else {
    done.digest = digest->hex();
  }
  if (!problem.empty()) {
    done.ok = false;
    done.note = "no snapshot could be taken, so nothing was applied: " + problem;
  }
  std::vector<Event> events;
  if (done.ok && taken->copy) {
    Event copied = event(EventType::snap_copied, task);
    copied.digest = taken->copy->hex();
    events.push_back(std::move(copied));
  }
  events.push_back(std::move(done));
  co_await record(std::move(events));
}

Awaitable<void> Run::apply(Task task) {
  auto leash = co_await links_.hosts[task.host].reach();
  if (!leash) co_return co_await lost(task, leash.error());
  const PlanStep& spec = plan_.steps[static_cast<std::size_t>(task.step) - 1];
  if (task.attempt > 1 && spec.delay_seconds > 0) co_await world_.clock.wait(std::chrono::seconds(spec.delay_seconds));
  // While this waited, the run may have turned back: then nothing new begins.
  if (state_.stage != reduce::Stage::forward) co_return;
  co_await record(event(EventType::apply_intent, task));
  const auto deadline = step_deadline(task.step);
  auto result = co_await (*leash)->apply(directory(), task.step, host_epoch(task.host), task.attempt, deadline);
  if (!result && is_loss(result.error())) co_return co_await lost(task, result.error());
  Event done = event(EventType::apply_done, task);
  if (!result) {
    done.ok = false;
    done.rc = -1;
    done.note = result.error().text();
  } else {
    done.rc = result->rc;
    done.ok = result->rc == 0;
    done.output = store_output(result->output);
    if (!done.ok) done.note = why_failed(*result, "it", deadline);
  }
  co_await record(std::move(done));
}

Awaitable<void> Run::verify(Task task) {
  const PlanStep& spec = plan_.steps[static_cast<std::size_t>(task.step) - 1];
  Event done = event(EventType::verify_done, task);
  if (spec.verifies) {
    auto leash = co_await links_.hosts[task.host].reach();
    if (!leash) co_return co_await lost(task, leash.error());
    const auto deadline = step_deadline(task.step);
    auto result = co_await (*leash)->verify(directory(), task.step, host_epoch(task.host), deadline);
    if (!result && is_loss(result.error())) co_return co_await lost(task, result.error());
    if (!result) {
      done.ok = false;
      done.note = result.error().text();
    } else {
      done.rc = result->rc;
      done.ok = result->rc == 0;
      done.output = store_output(result->output);
      if (!done.ok) done.note = why_failed(*result, "its check", deadline);
    }
  }
  if (done.ok && spec.daemon_check) {
    if (auto seen = co_await world_.http_check(host_step(task).params); !seen) {
      done.ok = false;
      done.note = "seen from the daemon: " + seen.error().text();
    }
  }
  co_await record(std::move(done));
}

Awaitable<void> Run::probe(Task task) {
  auto leash = co_await links_.hosts[task.host].reach();
  if (!leash) co_return co_await lost(task, leash.error());
  const std::string op = task.attempt > 1 ? fmt::format("apply.{}", task.attempt) : "apply";
  auto probe = co_await (*leash)->probe(directory(), task.step, op);
  if (!probe && is_loss(probe.error())) co_return co_await lost(task, probe.error());
  Event seen = event(EventType::probed, task);
  seen.note = probe ? "after a restart the host says: " + show(probe->state) : probe.error().text();
  std::vector<Event> events;
  int rc = -1;
  if (probe && probe->state.starts_with("DONE "))
    std::from_chars(probe->state.data() + 5, probe->state.data() + probe->state.size(), rc);
  // Only a result that stands on the host's disk counts; everything else is taken back.
  seen.ok = rc == 0;
  events.push_back(std::move(seen));
  if (rc == 0) {
    Event done = event(EventType::apply_done, task);
    done.output = store_output(probe->output);
    events.push_back(std::move(done));
  }
  co_await record(std::move(events));
}

// After the last step, the host must stand as the plan says: every item with known content is asked for again. Only the
// last step that names a path speaks for it.
Awaitable<Result<Run::LastLook>> Run::check_against_plan(Leash& leash, const Task& task) {
  LastLook out;
  std::map<std::string, std::string> wrong;  // path → sentence
  const PlanHost& host = plan_.hosts[task.host];
  for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
    if (plan_.steps[i].opaque || state_.hosts[task.host].steps[i].phase == reduce::Phase::skipped) continue;
    BELAY_CO_TRY(std::string tar, step_tar(host.steps[i], plan_.steps[i].action, 0));
    BELAY_CO_TRY(const std::string items, co_await leash.plan(std::move(tar)));
    for (const PlanItem& item : parse_items(items)) {
      wrong.erase(item.path);
      // What a template was filled with belongs to the environment; everything else is the package's and the same
      // everywhere.
      if (item.digest_new != "-" && !plan_.steps[i].from_template)
        out.portable[plan_.steps[i].name].insert(item.digest_new);
      if (item.digest_new != "-" && item.item_class != "unchanged")
        wrong[item.path] = fmt::format("step {} \"{}\": {} is not as planned", i + 1, plan_.steps[i].name,
                                       show(decode_path(item.path)));
    }
  }
  if (!wrong.empty()) out.wrong = wrong.begin()->second;
  co_return out;
}

Awaitable<void> Run::finish(Task task) {
  auto leash = co_await links_.hosts[task.host].reach();
  if (!leash) co_return co_await lost(task, leash.error());
  Event done = event(EventType::host_final, task);
  const auto look = co_await check_against_plan(**leash, task);
  if (!look && is_loss(look.error())) co_return co_await lost(task, look.error());
  done.note = look ? look->wrong : look.error().text();
  if (look) done.detail = nlohmann::json{{"portable", look->portable}}.dump();
  std::string all;
  for (std::size_t i = 0; i < plan_.steps.size() && done.note.empty(); ++i) {
    if (state_.hosts[task.host].steps[i].phase == reduce::Phase::skipped) continue;
    const int step = static_cast<int>(i) + 1;
    auto manifest = co_await (*leash)->manifest(directory(), step, std::chrono::seconds(3600));
    if (!manifest && is_loss(manifest.error())) co_return co_await lost(task, manifest.error());
    if (!manifest) {
      done.note = manifest.error().text();
    } else if (auto parsed = parse_manifest(*manifest); !parsed) {
      done.note = parsed.error().text();
    } else {
      all += fmt::format("@ {}\n{}", step, *manifest);
    }
  }
  if (done.note.empty()) {
    if (auto digest = world_.blobs.put(all))
      done.digest = digest->hex();
    else
      done.note = digest.error().text();
  }
  done.ok = done.note.empty();
  co_await record(std::move(done));
}

}  // namespace belay::engine
