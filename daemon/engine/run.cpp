#include "daemon/engine/run.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "daemon/base/check.hpp"

namespace belay::engine {

using reduce::Do;
using reduce::Task;

Run::Run(World& world, const Environment& environment, RunRow row, std::function<int()> next_generation)
    : world_(world),
      environment_(environment),
      row_(std::move(row)),
      next_generation_(std::move(next_generation)),
      wake_(world.executor) {
  state_.kind = row_.kind;
}

std::uint64_t Run::host_epoch(std::size_t host) const {
  // The daemon's start counter decides; within one start, every new fence is greater than the last (C15: what an old
  // connection still delivers must find a greater epoch on the host).
  return world_.journal.epoch() << 20 | static_cast<std::uint64_t>(state_.hosts[host].generation);
}

const HostStep& Run::host_step(const Task& task) const {
  return plan_.hosts[task.host].steps[static_cast<std::size_t>(task.step) - 1];
}

std::chrono::seconds Run::step_deadline(int step) const {
  return std::chrono::seconds(plan_.steps[static_cast<std::size_t>(step) - 1].timeout_seconds);
}

std::string Run::store_output(const std::string& bytes) const {
  if (bytes.empty()) return {};
  // Output is for people; losing it is no reason to fail a step that went well.
  const auto digest = world_.blobs.put(bytes);
  return digest ? digest->hex() : std::string();
}

Event Run::event(EventType type, const Task& task) const {
  Event out;
  out.type = type;
  out.run = row_.id;
  out.host = plan_.hosts[task.host].host.name;
  out.step = task.step;
  out.epoch = world_.journal.epoch();
  return out;
}

Awaitable<void> Run::record(std::vector<Event> events, std::vector<RecordWrite> rows) {
  const std::vector<Event> copy = events;
  co_await world_.journal.append(std::move(events), std::move(rows));
  for (const Event& one : copy) reduce::apply(state_, plan_, one, world_.journal.epoch());
}

Awaitable<void> Run::record(Event event) {
  std::vector<Event> events;
  events.push_back(std::move(event));
  co_await record(std::move(events));
}

bool Run::any_busy() const {
  return std::ranges::any_of(links_.hosts, [](const HostLink& link) { return link.busy; });
}

Awaitable<void> Run::drive(Plan plan, const std::vector<Recorded>& events, Baselines baselines, Links links) {
  const auto self = shared_from_this();
  plan_ = std::move(plan);
  baselines_ = std::move(baselines);
  state_ = reduce::initial(row_.kind, plan_);
  for (const Recorded& recorded : events) reduce::apply(state_, plan_, recorded.event, world_.journal.epoch());
  links_ = std::move(links);
  if (links_.hosts.empty()) {
    std::vector<Host> hosts;
    for (const PlanHost& host : plan_.hosts) hosts.push_back(host.host);
    links_ = link_all(world_, environment_, hosts, plan_.kit);
  }
  while (state_.stage != reduce::Stage::ended) {
    bool begun = false;
    if (!stopping_) {
      for (const Task& task : reduce::next(state_, plan_)) {
        const bool of_run = task.what == Do::start || task.what == Do::go_back || task.what == Do::end;
        if (of_run) {
          // The end is only told when nothing is under way any more.
          if (task.what == Do::end && any_busy()) continue;
          co_await perform_for_run(task);
          begun = true;
          break;
        }
        if (links_.hosts[task.host].busy) continue;
        launch(task);
        begun = true;
      }
    }
    if (begun) continue;
    if (!any_busy()) {
      // Not stopping, nothing under way, nothing to begin, not ended: the reducer has a hole.
      BELAY_CHECK(stopping_);
      break;
    }
    co_await wake_.wait(std::chrono::steady_clock::now() + std::chrono::hours(1));
  }
  if (stopping_ && state_.stage != reduce::Stage::ended)
    spdlog::warn("run {} of {} in {} is left {}; the next start takes it up", row_.id, row_.application,
                 row_.environment, reduce::to_string(state_.stage));
  for (HostLink& link : links_.hosts) link.drop();
  while (renewing_ > 0) co_await wake_.wait(std::chrono::steady_clock::now() + std::chrono::seconds(1));
  links_ = {};
}

void Run::launch(const Task& task) {
  HostLink& link = links_.hosts[task.host];
  link.busy = true;
  link.was_cut = false;
  link.interruptible = task.what == Do::apply || task.what == Do::verify;
  boost::asio::co_spawn(
      world_.executor,
      [self = shared_from_this(), task]() -> Awaitable<void> {
        co_await self->perform(task);
        self->links_.hosts[task.host].busy = false;
        self->wake_.notify();
      },
      [](const std::exception_ptr& error) {
        // Nothing of ours throws out of a task; what does is a defect, and the journal recovers from an abort.
        if (error) std::rethrow_exception(error);
      });
}

Awaitable<void> Run::perform(Task task) {
  switch (task.what) {
    case Do::fence:
      co_return co_await fence(task);
    case Do::ready:
      co_return co_await ready(task);
    case Do::stage:
      co_return co_await stage(task);
    case Do::skip:
      co_return co_await record(event(EventType::skipped, task));
    case Do::snapshot:
      co_return co_await snapshot(task);
    case Do::arm:
      co_return co_await arm(task);
    case Do::apply:
      co_return co_await apply(task);
    case Do::verify:
      co_return co_await verify(task);
    case Do::commit:
      co_return co_await commit(task);
    case Do::probe:
      co_return co_await probe(task);
    case Do::restore:
      co_return co_await restore(task);
    case Do::settle:
      co_return co_await settle(task);
    case Do::prove:
      co_return co_await prove(task);
    case Do::finish:
      co_return co_await finish(task);
    case Do::start:
    case Do::go_back:
    case Do::end:
      break;
  }
  BELAY_UNREACHABLE("a task of the run was given to a host");
}

Awaitable<void> Run::perform_for_run(const Task& task) {
  Event out;
  out.run = row_.id;
  out.epoch = world_.journal.epoch();
  out.note = task.why;
  if (task.what == Do::end) {
    ending_ = true;
    co_await end(task);
    co_return;
  }
  out.type = task.what == Do::start ? EventType::run_started : EventType::run_back;
  if (task.what == Do::go_back) spdlog::warn("run {} goes back: {}", row_.id, task.why);
  co_await record(std::move(out));
  // Back means now: a step that would still run for minutes is not waited for. Its host is fenced, which kills it, and
  // then put back like the others.
  if (task.what == Do::go_back)
    for (HostLink& link : links_.hosts)
      if (link.busy && link.interruptible) link.cut();
}

Awaitable<void> Run::lost(const Task& task, const Error& error) {
  const bool cut = links_.hosts[task.host].was_cut;
  Event out = event(cut ? EventType::host_cut : EventType::host_lost, task);
  out.step = 0;
  if (!cut) out.note = error.text();
  links_.hosts[task.host].drop();
  co_await record(std::move(out));
}

Awaitable<Result<void>> Run::abort(std::string note) {
  if (ending_ || state_.stage == reduce::Stage::back || state_.stage == reduce::Stage::ended)
    co_return fail(Kind::conflict, fmt::format("run {} is not going forward any more", row_.id),
                   "Watch it with `belay run watch`");
  Event out;
  out.type = EventType::run_abort;
  out.run = row_.id;
  out.epoch = world_.journal.epoch();
  out.note = std::move(note);
  co_await record(std::move(out));
  wake_.notify();
  co_return Result<void>{};
}

void Run::stop() {
  stopping_ = true;
  wake_.notify();
}

}  // namespace belay::engine
