// What the tests of daemon/reduce share: a plan, a fold that is written event by event, and tasks as text.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/reduce/next.hpp"

namespace belay::reduce::testing {

inline Plan plan_of(std::size_t hosts, std::size_t steps) {
  Plan plan;
  for (std::size_t i = 0; i < steps; ++i) plan.steps.push_back({.name = fmt::format("s{}", i + 1), .action = "file"});
  for (std::size_t h = 0; h < hosts; ++h) {
    PlanHost host;
    host.host.name = fmt::format("h{}", h + 1);
    host.steps.resize(steps);
    plan.hosts.push_back(std::move(host));
  }
  return plan;
}

inline const char* to_text(Do what) {
  switch (what) {
    case Do::fence:
      return "fence";
    case Do::ready:
      return "ready";
    case Do::stage:
      return "stage";
    case Do::skip:
      return "skip";
    case Do::snapshot:
      return "snapshot";
    case Do::arm:
      return "arm";
    case Do::apply:
      return "apply";
    case Do::verify:
      return "verify";
    case Do::commit:
      return "commit";
    case Do::probe:
      return "probe";
    case Do::restore:
      return "restore";
    case Do::settle:
      return "settle";
    case Do::prove:
      return "prove";
    case Do::finish:
      return "finish";
    case Do::start:
      return "start";
    case Do::go_back:
      return "go back";
    case Do::end:
      return "end";
  }
  return "?";
}

// A run as it is folded; `does()` is what may begin now: "h1 apply 2", "h1 apply 2 try 3", "go back", "end 0".
struct Fold {
  explicit Fold(Plan of, RunKind kind = RunKind::deploy) : plan(std::move(of)), state(initial(kind, plan)) {
    run(EventType::run_created);
    run(EventType::run_planned);
  }
  Fold& run(EventType type, int rc = 0, const std::string& note = {}) {
    return add({.type = type, .run = {}, .rc = rc, .note = note});
  }
  Fold& host(const std::string& name, EventType type, bool ok = true, int rc = 0, const std::string& note = {}) {
    return add({.type = type, .run = {}, .host = name, .ok = ok, .rc = rc, .note = note});
  }
  Fold& step(const std::string& name, int number, EventType type, bool ok = true, int rc = 0) {
    return add({.type = type, .run = {}, .host = name, .step = number, .ok = ok, .rc = rc});
  }
  // Every host fenced, ready and staged, and the run started.
  Fold& prepared() {
    for (const PlanHost& one : plan.hosts)
      host(one.host.name, EventType::host_fenced)
          .host(one.host.name, EventType::host_ready)
          .host(one.host.name, EventType::host_staged);
    return run(EventType::run_started);
  }
  Fold& snapped(const std::string& name, int number) {
    return step(name, number, EventType::snap_intent)
        .step(name, number, EventType::snap_done)
        .step(name, number, EventType::armed);
  }
  Fold& applied(const std::string& name, int number) {
    return snapped(name, number).step(name, number, EventType::apply_intent).step(name, number, EventType::apply_done);
  }
  Fold& committed(const std::string& name, int number) {
    return applied(name, number)
        .step(name, number, EventType::verify_done)
        .step(name, number, EventType::commit_intent)
        .step(name, number, EventType::committed);
  }
  Fold& restored(const std::string& name, int number, bool ok = true) {
    return step(name, number, EventType::rb_intent).step(name, number, EventType::restored, ok);
  }
  // A new daemon folds what the old one wrote.
  Fold& restarted() {
    ++epoch;
    const std::vector<Event> all = std::move(events);
    events.clear();
    state = initial(state.kind, plan);
    for (Event event : all) fold(std::move(event));
    return *this;
  }
  Fold& add(Event event) {
    event.epoch = epoch;
    fold(std::move(event));
    return *this;
  }
  [[nodiscard]] std::vector<std::string> does() const {
    std::vector<std::string> out;
    for (const Task& task : next(state, plan)) {
      if (task.what == Do::start || task.what == Do::go_back) {
        out.emplace_back(to_text(task.what));
      } else if (task.what == Do::end) {
        out.push_back(fmt::format("end {}", task.exit_code));
      } else {
        std::string text = fmt::format("{} {}", plan.hosts[task.host].host.name, to_text(task.what));
        if (task.step > 0) text += fmt::format(" {}", task.step);
        if (task.attempt > 1) text += fmt::format(" try {}", task.attempt);
        out.push_back(std::move(text));
      }
    }
    return out;
  }
  // The sentence of the one task that is for the run.
  [[nodiscard]] std::string why() const {
    for (const Task& task : next(state, plan))
      if (!task.why.empty()) return task.why;
    return {};
  }

  Plan plan;
  RunState state;
  std::uint64_t epoch = 1;
  std::vector<Event> events;

 private:
  void fold(Event event) {
    apply(state, plan, event, epoch);
    events.push_back(std::move(event));
  }
};

using Tasks = std::vector<std::string>;

}  // namespace belay::reduce::testing
