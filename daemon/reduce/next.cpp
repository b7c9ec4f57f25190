#include "daemon/reduce/next.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/model/expression.hpp"

namespace belay::reduce {
namespace {

bool is_done_forward(Phase phase) { return phase == Phase::committed || phase == Phase::skipped; }

bool retries_left(const StepState& step, const PlanStep& spec) { return step.retriable && step.tries <= spec.retries; }

std::string step_name(const Plan& plan, std::size_t index) {
  return fmt::format("step {} \"{}\"", index + 1, plan.steps[index].name);
}

// Why the run must not go forward any more; empty when it may.
std::string trouble(const RunState& state, const Plan& plan) {
  if (state.abort) return state.reason;
  for (std::size_t h = 0; h < state.hosts.size(); ++h) {
    const HostState& host = state.hosts[h];
    const std::string& name = plan.hosts[h].host.name;
    for (std::size_t i = 0; i < host.steps.size(); ++i) {
      const StepState& step = host.steps[i];
      if (step.phase == Phase::needs_operator || (step.phase == Phase::failed && !retries_left(step, plan.steps[i])))
        return fmt::format("{} failed on {}{}{}", step_name(plan, i), name, step.note.empty() ? "" : ": ", step.note);
    }
    if (!host.connected) return fmt::format("{} was lost: {}", name, host.note);
    if (host.failed) return fmt::format("{}: {}", name, host.note);
  }
  return {};
}

void prepare(const RunState& state, const Plan& plan, std::vector<Task>& out) {
  const bool rollback = state.kind == RunKind::rollback;
  bool all_asked = true;
  bool all_ready = true;
  bool all_staged = true;
  int exit_code = 0;
  std::string why;
  for (std::size_t h = 0; h < state.hosts.size(); ++h) {
    const HostState& host = state.hosts[h];
    // A way back tries again; a way forward that has touched nothing need not.
    const bool lost = !host.connected && (!rollback || host.lost >= give_up_after(plan));
    if (host.failed || lost) {
      const int code = host.failed ? host.exit_code : 4;
      if (why.empty()) {
        why = fmt::format("{}: {}", plan.hosts[h].host.name, host.note);
        exit_code = code;
      } else {
        why += fmt::format("; {}: {}", plan.hosts[h].host.name, host.note);
      }
      continue;
    }
    all_ready &= host.ready;
    all_staged &= host.staged;
    all_asked &= host.ready;
  }
  if (state.abort || !why.empty()) {
    if (rollback && !state.abort) {
      // What can be put back is put back; the end names what could not.
      if (all_asked) out.push_back({.what = Do::start});
    } else if (state.abort || all_asked) {
      out.push_back(
          {.what = Do::end, .why = state.abort ? state.reason : why, .exit_code = state.abort ? 1 : exit_code});
      return;
    }
  }
  for (std::size_t h = 0; h < state.hosts.size(); ++h) {
    const HostState& host = state.hosts[h];
    if (host.failed || (!host.connected && (!rollback || host.lost >= give_up_after(plan)))) continue;
    if (host.generation < 0)
      out.push_back({.what = Do::fence, .host = h});
    else if (!host.ready)
      out.push_back({.what = Do::ready, .host = h});
    else if (!rollback && all_ready && why.empty() && !host.staged)
      out.push_back({.what = Do::stage, .host = h});
  }
  if (why.empty() && all_ready && (rollback || all_staged)) out.push_back({.what = Do::start});
}

// The step before `upto` that registers what `name` ("NAME.ok", "NAME.rc") asks for; nothing when none does.
std::optional<std::size_t> registrar(const Plan& plan, std::size_t upto, std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || (name.substr(dot) != ".rc" && name.substr(dot) != ".ok")) return std::nullopt;
  for (std::size_t i = 0; i < upto; ++i)
    if (plan.steps[i].register_as == name.substr(0, dot)) return i;
  return std::nullopt;
}

// A step that was skipped wherever it could have run has no result: its `ok` is false, its `rc` is empty.
std::optional<std::string> registered(const RunState& state, const Plan& plan, std::size_t upto,
                                      std::string_view name) {
  if (!registrar(plan, upto, name)) return std::nullopt;
  const auto found = state.registered.find(std::string(name.substr(0, name.rfind('.'))));
  const bool known = found != state.registered.end();
  if (name.ends_with(".rc")) return known ? std::to_string(found->second) : std::string();
  return known && found->second == 0 ? "true" : "false";
}

// True when step `i` of host `h` asks for a result that a host of its own or an earlier batch may still give.
bool waits_for_result(const RunState& state, const Plan& plan, std::size_t h, std::size_t i) {
  if (plan.steps[i].when.empty()) return false;
  const auto names = names_in(plan.steps[i].when);
  if (!names) return false;
  for (const std::string& name : *names) {
    const auto from = registrar(plan, i, name);
    if (!from || plan.hosts[h].steps[i].when_values.contains(name)) continue;
    for (std::size_t other = 0; other < state.hosts.size(); ++other)
      if (plan.hosts[other].batch <= plan.hosts[h].batch && !is_done_forward(state.hosts[other].steps[*from].phase))
        return true;
  }
  return false;
}

Task begin_step(const RunState& state, const Plan& plan, std::size_t h, std::size_t i) {
  const PlanStep& spec = plan.steps[i];
  const int step = static_cast<int>(i) + 1;
  if (!spec.when.empty()) {
    const auto& values = plan.hosts[h].steps[i].when_values;
    const auto holds = evaluate(spec.when, [&](std::string_view name) {
      const auto known = values.find(std::string(name));
      return known == values.end() ? registered(state, plan, i, name) : known->second;
    });
    if (!holds) return {.what = Do::go_back, .why = holds.error().text()};
    if (!*holds) return {.what = Do::skip, .host = h, .step = step};
  }
  return {.what = Do::snapshot, .host = h, .step = step};
}

// The next thing on one host on the way forward; `may_begin` says whether a new step may start.
void forward_host(const RunState& state, const Plan& plan, std::size_t h, bool may_begin, std::vector<Task>& out) {
  const HostState& host = state.hosts[h];
  for (std::size_t i = 0; i < host.steps.size(); ++i) {
    const StepState& step = host.steps[i];
    const int n = static_cast<int>(i) + 1;
    switch (step.phase) {
      case Phase::skipped:
      case Phase::committed:
        continue;
      case Phase::planned:
        if (may_begin && !waits_for_result(state, plan, h, i)) out.push_back(begin_step(state, plan, h, i));
        return;
      case Phase::snapshotting:
        out.push_back({.what = Do::snapshot, .host = h, .step = n});
        return;
      case Phase::snapshotted:
        if (may_begin) out.push_back({.what = Do::arm, .host = h, .step = n});
        return;
      case Phase::armed:
        if (may_begin) out.push_back({.what = Do::apply, .host = h, .step = n});
        return;
      case Phase::applied:
        out.push_back({.what = Do::verify, .host = h, .step = n});
        return;
      case Phase::verified:
      case Phase::committing:
        out.push_back({.what = Do::commit, .host = h, .step = n});
        return;
      case Phase::failed:
        if (may_begin && retries_left(step, plan.steps[i]))
          out.push_back({.what = Do::apply, .host = h, .step = n, .attempt = step.tries + 1});
        return;
      default:
        return;  // applying: its outcome comes from the task under way or from the probe
    }
  }
}

// True when a step that runs once, before the next step of host `h`, is still to be done by another host. An owner in a
// later batch is not waited for: its batch only begins when this one is done.
bool waits_for_once(const RunState& state, const Plan& plan, std::size_t h) {
  const HostState& host = state.hosts[h];
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    if (plan.steps[i].run_once)
      for (std::size_t owner = 0; owner < state.hosts.size(); ++owner)
        if (plan.hosts[owner].batch <= plan.hosts[h].batch && !is_done_forward(state.hosts[owner].steps[i].phase))
          return owner != h;
    if (!is_done_forward(host.steps[i].phase)) return false;
  }
  return false;
}

void forward(const RunState& state, const Plan& plan, std::vector<Task>& out) {
  if (std::string why = trouble(state, plan); !why.empty()) {
    out.push_back({.what = Do::go_back, .why = std::move(why)});
    return;
  }
  // After a crash: first every host is fenced and every unknown outcome asked for; nothing else begins before (R8).
  bool settled = true;
  for (std::size_t h = 0; h < state.hosts.size(); ++h) {
    const HostState& host = state.hosts[h];
    if (host.generation < 0) {
      out.push_back({.what = Do::fence, .host = h});
      settled = false;
      continue;
    }
    for (std::size_t i = 0; i < host.steps.size(); ++i) {
      if (!host.steps[i].unknown) continue;
      out.push_back(
          {.what = Do::probe, .host = h, .step = static_cast<int>(i) + 1, .attempt = host.steps[i].tries + 1});
      settled = false;
    }
  }
  if (!settled) return;
  bool all_done = true;
  int open_batch = -1;
  for (std::size_t h = 0; h < state.hosts.size(); ++h) {
    const bool done =
        std::ranges::all_of(state.hosts[h].steps, [](const StepState& s) { return is_done_forward(s.phase); });
    if (done) continue;
    all_done = false;
    if (open_batch < 0 || plan.hosts[h].batch < open_batch) open_batch = plan.hosts[h].batch;
  }
  if (!all_done) {
    for (std::size_t h = 0; h < state.hosts.size(); ++h)
      if (plan.hosts[h].batch == open_batch) forward_host(state, plan, h, !waits_for_once(state, plan, h), out);
    return;
  }
  bool all_final = true;
  for (std::size_t h = 0; h < state.hosts.size(); ++h) {
    if (state.hosts[h].final_done) continue;
    all_final = false;
    out.push_back({.what = Do::finish, .host = h});
  }
  if (all_final) out.push_back({.what = Do::end, .why = "applied and verified on every host", .exit_code = 0});
}

bool is_back(Phase phase) {
  return phase == Phase::restored || phase == Phase::proven || phase == Phase::not_proven ||
         phase == Phase::needs_operator;
}

enum class BackHost : std::uint8_t { untouched, working, proven, not_proven, lost };

BackHost back_host(const RunState& state, const Plan& plan, std::size_t h, std::vector<Task>& out) {
  const HostState& host = state.hosts[h];
  const bool touched = std::ranges::any_of(host.steps, [](const StepState& s) { return s.touched; });
  if (!touched) return BackHost::untouched;
  if (std::ranges::any_of(host.steps, [](const StepState& s) { return s.phase == Phase::needs_operator; }))
    return BackHost::not_proven;
  if (host.failed || (host.final_done && !host.connected)) return BackHost::not_proven;
  if (host.final_done) {
    const bool proven =
        std::ranges::none_of(host.steps, [](const StepState& s) { return s.phase == Phase::not_proven; });
    return proven ? BackHost::proven : BackHost::not_proven;
  }
  if (host.generation < 0) {
    if (!host.connected && host.lost >= give_up_after(plan)) return BackHost::lost;
    out.push_back({.what = Do::fence, .host = h});
    return BackHost::working;
  }
  for (std::size_t i = host.steps.size(); i-- > 0;) {
    const StepState& step = host.steps[i];
    if (!step.touched || is_back(step.phase)) continue;
    out.push_back({.what = Do::restore, .host = h, .step = static_cast<int>(i) + 1});
    return BackHost::working;
  }
  out.push_back({.what = host.settled ? Do::prove : Do::settle, .host = h});
  return BackHost::working;
}

void back(const RunState& state, const Plan& plan, std::vector<Task>& out) {
  std::string not_proven;
  std::string lost;
  int touched = 0;
  bool working = false;
  const auto add = [&](std::string& list, std::size_t h) {
    if (!list.empty()) list += ", ";
    list += plan.hosts[h].host.name;
  };
  for (std::size_t h = 0; h < state.hosts.size(); ++h) {
    const BackHost where = back_host(state, plan, h, out);
    if (where != BackHost::untouched) ++touched;
    working |= where == BackHost::working;
    if (where == BackHost::not_proven) add(not_proven, h);
    if (where == BackHost::lost) add(lost, h);
  }
  if (working) return;
  Task end{.what = Do::end};
  const int success = state.kind == RunKind::rollback ? 0 : 2;
  if (not_proven.empty() && lost.empty()) {
    end.exit_code = success;
    end.why = touched == 0 ? "nothing had been changed on any host"
                           : fmt::format("{} {} put back and proven", touched, touched == 1 ? "host" : "hosts");
  } else {
    end.exit_code = 3;
    if (!not_proven.empty()) end.why = "NOT PROVEN to be back: " + not_proven;
    if (!lost.empty())
      end.why += fmt::format("{}could not be reached to be put back: {}", end.why.empty() ? "" : "; ", lost);
  }
  out.push_back(std::move(end));
}

}  // namespace

std::vector<Task> next(const RunState& state, const Plan& plan) {
  std::vector<Task> out;
  switch (state.stage) {
    case Stage::planning:
    case Stage::ended:
      break;
    case Stage::preparing:
      prepare(state, plan, out);
      break;
    case Stage::forward:
      forward(state, plan, out);
      break;
    case Stage::back:
      back(state, plan, out);
      break;
  }
  return out;
}

}  // namespace belay::reduce
