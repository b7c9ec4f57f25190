#include "tests/simulation/world/daemon.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace belay::sim {

using reduce::Do;
using reduce::Phase;
using reduce::Stage;
using reduce::Task;

namespace {

// Far more than any story needs: a run that is not over by then never ends (I10).
constexpr std::size_t longest_story = 50'000;

bool is_forward(Do what) {
  return what == Do::skip || what == Do::snapshot || what == Do::arm || what == Do::apply || what == Do::verify ||
         what == Do::commit || what == Do::finish;
}

}  // namespace

SimDaemon::SimDaemon(const Plan& plan, RunKind kind, Oracle& oracle, Mutant mutant)
    : plan_(plan), kind_(kind), oracle_(oracle), mutant_(mutant), losses_(plan.hosts.size(), 0) {
  for (const PlanHost& host : plan.hosts) hosts_.emplace_back(host, kind);
  journal_.push_back({.type = EventType::run_created, .run = {}});
  journal_.push_back({.type = EventType::run_planned, .run = {}, .digest = "plan"});
}

void SimDaemon::run() {
  while (state_.stage != Stage::ended) {
    try {
      incarnation();
    } catch (const Death&) {
      ++story_.crashes;
      story_.log.emplace_back("-- the daemon dies");
    }
  }
  story_.exit_code = state_.exit_code;
  check_verdict();
}

void SimDaemon::incarnation() {
  ++epoch_;
  generation_ = 0;
  busy_.assign(plan_.hosts.size(), std::nullopt);
  fenced_.clear();
  unresolved_.clear();
  state_ = reduce::initial(kind_, plan_);
  for (const Event& event : std::vector<Event>(journal_)) fold(event);
  if (state_.stage == Stage::forward)
    for (std::size_t h = 0; h < plan_.hosts.size(); ++h)
      for (std::size_t i = 0; i < plan_.steps.size(); ++i)
        if (state_.hosts[h].steps[i].phase == Phase::applying) unresolved_.insert({h, static_cast<int>(i) + 1});
  // As Engine::resume: a deployment that had touched nothing is not taken up.
  if (epoch_ > 1 && !state_.started && kind_ != RunKind::rollback && state_.stage != Stage::ended)
    append({{.type = EventType::run_ended,
             .run = {},
             .ok = false,
             .rc = 1,
             .note = "the daemon stopped before anything was touched"}});
  while (state_.stage != Stage::ended) {
    if (++ticks_ > longest_story) throw Violation("I10: the run does not end");
    const bool may_abort = (state_.stage == Stage::preparing || state_.stage == Stage::forward) && !state_.abort;
    if (may_abort && oracle_.pick(Site::abort, 2) == 1) {
      story_.aborted = true;
      append({{.type = EventType::run_abort, .run = {}, .note = "stopped by somebody"}});
    }
    if (begin_all()) continue;
    if (!any_busy()) throw Violation("I10: nothing is under way, nothing can begin, and the run has not ended");
    std::vector<std::size_t> busy;
    for (std::size_t h = 0; h < busy_.size(); ++h)
      if (busy_[h]) busy.push_back(h);
    const std::size_t h = busy[oracle_.pick(Site::turn, static_cast<unsigned>(busy.size()))];
    if (advance(h)) busy_[h].reset();
  }
}

std::vector<Task> SimDaemon::ask() {
  if (mutant_ == Mutant::ignore_unknown) {
    reduce::RunState blind = state_;
    for (auto& host : blind.hosts)
      for (auto& step : host.steps) step.unknown = false;
    return reduce::next(blind, plan_);
  }
  if (mutant_ == Mutant::forget_host && state_.stage == Stage::back) {
    reduce::RunState short_sighted = state_;
    for (auto& host : short_sighted.hosts)
      if (!host.connected)
        for (auto& step : host.steps) step.touched = false;
    return reduce::next(short_sighted, plan_);
  }
  std::vector<Task> tasks = reduce::next(state_, plan_);
  for (Task& task : tasks) {
    if (mutant_ == Mutant::reapply_unknown && task.what == Do::probe) task.what = Do::apply;
    if (mutant_ == Mutant::forward_order && task.what == Do::restore)
      for (int step = 1; step < task.step; ++step) {
        const auto& other = state_.hosts[task.host].steps[static_cast<std::size_t>(step) - 1];
        if (other.touched && other.phase != Phase::restored && hosts_[task.host].at(step).changed) {
          task.step = step;
          break;
        }
      }
  }
  return tasks;
}

// As Run::drive: tasks of the run go one by one, each host has at most one, the end waits until all is quiet.
bool SimDaemon::begin_all() {
  bool begun = false;
  for (const Task& task : ask()) {
    if (task.what == Do::start || task.what == Do::go_back || task.what == Do::end) {
      if (task.what == Do::end && any_busy()) continue;
      perform_for_run(task);
      return true;
    }
    if (busy_[task.host]) continue;
    check_launch(task);
    busy_[task.host] = Work{.task = task};
    begun = true;
  }
  return begun;
}

void SimDaemon::perform_for_run(const Task& task) {
  if (task.what == Do::end)
    append(
        {{.type = EventType::run_ended, .run = {}, .ok = task.exit_code == 0, .rc = task.exit_code, .note = task.why}});
  else
    append(
        {{.type = task.what == Do::start ? EventType::run_started : EventType::run_back, .run = {}, .note = task.why}});
  if (task.what != Do::go_back) return;
  for (auto& work : busy_)
    if (work && (work->task.what == Do::apply || work->task.what == Do::verify)) work->cut = true;
}

void SimDaemon::check_launch(const Task& task) const {
  if (!is_forward(task.what)) return;
  if (!unresolved_.empty()) throw Violation("R8: something goes forward while the outcome of another step is unknown");
  if (fenced_.size() != plan_.hosts.size()) throw Violation("R8: something goes forward before every host is fenced");
  for (std::size_t h = 0; h < plan_.hosts.size(); ++h) {
    if (plan_.hosts[h].batch >= plan_.hosts[task.host].batch || task.what == Do::finish) continue;
    const bool done = std::ranges::all_of(state_.hosts[h].steps, [](const auto& step) {
      return step.phase == Phase::committed || step.phase == Phase::skipped;
    });
    if (!done) throw Violation("a batch begins before the one in front of it is done");
  }
}

void SimDaemon::append(std::vector<Event> events) {
  const unsigned death = oracle_.pick(Site::crash, 3);
  if (death == 1) throw Death{};
  for (Event& event : events) {
    event.epoch = epoch_;
    if (event.type == EventType::apply_intent && journal_has(EventType::run_back))
      throw Violation("an apply is begun after the run turned back");
    story_.log.push_back(fmt::format("{} {} step {} {} rc {} {}", to_string(event.type), event.host, event.step,
                                     event.ok ? "ok" : "NOT ok", event.rc, event.note));
    journal_.push_back(event);
  }
  if (death == 2) throw Death{};
  for (const Event& event : events) fold(event);
}

void SimDaemon::fold(const Event& event) {
  reduce::StepState* step = nullptr;
  std::size_t h = 0;
  if (!event.host.empty()) {
    h = reduce::host_index(plan_, event.host);
    if (event.step > 0) step = &state_.hosts[h].steps[static_cast<std::size_t>(event.step) - 1];
  }
  const bool retriable = step != nullptr && step->retriable;
  reduce::apply(state_, plan_, event, epoch_);
  if (mutant_ == Mutant::stale_retry && event.type == EventType::apply_intent) step->retriable = retriable;
  if (mutant_ == Mutant::early_final && event.type == EventType::host_final) state_.hosts[h].final_done = true;
  if (event.type == EventType::host_fenced && event.epoch == epoch_) fenced_.insert(h);
  if (event.type == EventType::probed) unresolved_.erase({h, event.step});
  if (event.type == EventType::run_back) unresolved_.clear();
}

bool SimDaemon::journal_has(EventType type) const {
  return std::ranges::any_of(journal_, [&](const Event& event) { return event.type == type; });
}

bool SimDaemon::any_busy() const {
  return std::ranges::any_of(busy_, [](const auto& work) { return work.has_value(); });
}

// I16: the verdict is what really stands on the hosts.
void SimDaemon::check_verdict() const {
  const int code = story_.exit_code;
  const bool back = kind_ == RunKind::rollback;
  const auto expect = [&](bool holds, const std::string& what) {
    if (!holds) throw Violation(fmt::format("I16: the run ended with {}, but {}", code, what));
  };
  expect(code == 0 || code == 1 || code == 2 || code == 3 || code == 4, "that is no exit code of a run");
  expect(code != 3 || story_.hard, "nothing stood in the way of a full way back");
  expect(code != 2 || !back, "a rollback that was proven ends with 0");
  expect((code != 1 && code != 4) || !state_.started, "it had begun to touch hosts");
  expect(code == 0 || story_.faults + story_.crashes > 0 || story_.aborted, "nothing went wrong");
  for (std::size_t h = 0; h < hosts_.size(); ++h)
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      const SimStep& real = hosts_[h].steps()[i];
      const std::string where = fmt::format("{} step {}", hosts_[h].name(), i + 1);
      const bool skipped = state_.hosts[h].steps[i].phase == Phase::skipped;
      if (code != 3) expect(!hosts_[h].running(), where + " still has a program running");
      if (code == 2 || (code == 0 && (back || skipped))) expect(real.file == File::before, where + " is not as it was");
      if (code == 0 && !back && !skipped) expect(real.file == File::after, where + " is not new");
      if ((code == 1 || code == 4) && !back) expect(real.attempts.empty(), where + " was touched");
      if (plan_.hosts[h].steps[i].skipped) expect(real.attempts.empty(), where + " ran although the plan skips it");
    }
}

}  // namespace belay::sim
