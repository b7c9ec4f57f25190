// The dead-man's switch, seen from the daemon: a step is armed before it is applied, kept alive while it runs, and
// committed by a word that came over a new connection. A host that hears nothing takes the step back by itself.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <nlohmann/json.hpp>

#include "daemon/engine/run.hpp"

namespace belay::engine {

using reduce::Phase;
using reduce::Task;

namespace {

// How often a new connection is tried before a step that went well is taken back, because nobody gets in any more.
constexpr int ways_in = 5;
// How long a restore that the host began by itself is waited for.
constexpr std::chrono::seconds patience{600};

}  // namespace

Awaitable<void> Run::arm(Task task) {
  auto leash = co_await links_.hosts[task.host].reach();
  if (!leash) co_return co_await lost(task, leash.error());
  // While this waited, the run may have turned back: then nothing new begins.
  if (state_.stage != reduce::Stage::forward) co_return;
  auto watcher = co_await (*leash)->arm(directory(), task.step, host_epoch(task.host), plan_.dead_man_seconds);
  if (!watcher && is_loss(watcher.error())) co_return co_await lost(task, watcher.error());
  Event done = event(EventType::armed, task);
  if (!watcher) {
    done.ok = false;
    done.note = "nothing was applied, because the step could not be armed: " + watcher.error().text();
  } else if (plan_.dead_man_seconds > 0) {
    done.detail = nlohmann::json{{"deadman", *watcher}, {"seconds", plan_.dead_man_seconds}}.dump();
  }
  co_await record(std::move(done));
  keep_alive(task.host);
}

bool Run::stands_armed(std::size_t host) const {
  if (state_.stage != reduce::Stage::forward || (stopping_ && !links_.hosts[host].busy)) return false;
  return std::ranges::any_of(state_.hosts[host].steps, [](const reduce::StepState& step) {
    switch (step.phase) {
      case Phase::armed:
      case Phase::applying:
      case Phase::applied:
      case Phase::verified:
      case Phase::committing:
        return true;
      case Phase::failed:  // it may be tried again; a run that goes back is no longer going forward
        return step.touched;
      default:
        return false;
    }
  });
}

void Run::keep_alive(std::size_t host) {
  if (plan_.dead_man_seconds == 0 || !stands_armed(host) || !kept_alive_.insert(host).second) return;
  boost::asio::co_spawn(
      world_.executor,
      [self = shared_from_this(), host]() -> Awaitable<void> {
        co_await self->renew_while_armed(host);
        self->kept_alive_.erase(host);
        self->wake_.notify();
      },
      [](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
      });
}

Awaitable<void> Run::renew_while_armed(std::size_t host) {
  const std::chrono::milliseconds third = std::chrono::seconds(plan_.dead_man_seconds) / 3;
  std::chrono::milliseconds pause = third;
  while (true) {
    co_await world_.clock.wait(pause);
    if (!stands_armed(host)) co_return;
    ++renewing_;
    // Each time over a connection of its own: the task's one is busy, and would outlive an sshd that the step has
    // ended.
    auto beside = co_await links_.hosts[host].beside();
    const bool renewed = beside && co_await (*beside)->renew(directory(), host_epoch(host), plan_.dead_man_seconds);
    --renewing_;
    // What went wrong is no news yet: it is tried again, until the host decides.
    pause = renewed ? third : std::min<std::chrono::milliseconds>(third, std::chrono::seconds(3));
  }
}

Awaitable<std::pair<bool, bool>> Run::await_dead_man(Leash& leash, const Task& task) {
  const Phase phase = state_.hosts[task.host].steps[static_cast<std::size_t>(task.step) - 1].phase;
  // Only a step that was never committed still has its switch.
  if (plan_.dead_man_seconds == 0 || row_.kind == RunKind::rollback || phase == Phase::committed)
    co_return std::pair(true, false);
  // A host that says so for ever, or lies, must not hold up the run: after that long our own restore goes on.
  for (auto left = patience; left.count() > 0; left -= std::chrono::seconds(1)) {
    const auto seen = co_await leash.probe(directory(), task.step, "restore");
    if (!seen && is_loss(seen.error())) co_return std::pair(false, false);
    // The host's own restore is as good as ours and is not disturbed; two at once would only wait for each other.
    if (!seen || seen->dead_man != "fired" || seen->token != "firing")
      co_return std::pair(true, seen && seen->token == "restored");
    co_await world_.clock.wait(std::chrono::seconds(1));
  }
  co_return std::pair(true, false);
}

Awaitable<Result<Leash*>> Run::way_in(std::size_t host) {
  for (int attempt = 1;; ++attempt) {
    auto leash = co_await links_.hosts[host].reach_anew();
    if (leash || attempt == ways_in) co_return leash;
    co_await world_.clock.wait(std::chrono::seconds(attempt));
  }
}

Awaitable<void> Run::commit(Task task) {
  Event done = event(EventType::committed, task);
  Result<Leash*> leash = nullptr;
  if (plan_.dead_man_seconds > 0) {
    leash = co_await way_in(task.host);
    if (!leash) {
      done.ok = false;
      done.note =
          "it went well, but no new connection to the host can be made, so it is taken back: " + leash.error().text();
      co_return co_await record(std::move(done));
    }
  } else {
    leash = co_await links_.hosts[task.host].reach();
    if (!leash) co_return co_await lost(task, leash.error());
  }
  // While this waited, the run may have turned back: then nothing new begins.
  if (state_.stage != reduce::Stage::forward) co_return;
  co_await record(event(EventType::commit_intent, task));
  auto result = co_await (*leash)->commit(directory(), task.step, host_epoch(task.host));
  if (!result && is_loss(result.error())) co_return co_await lost(task, result.error());
  if (!result) {
    done.ok = false;
    done.note = result.error().text();
  }
  co_await record(std::move(done));
}

}  // namespace belay::engine
