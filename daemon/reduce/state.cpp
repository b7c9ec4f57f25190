#include "daemon/reduce/state.hpp"

#include <algorithm>

#include "daemon/base/check.hpp"

namespace belay::reduce {
namespace {

void on_step(RunState& state, const Plan& plan, HostState& host, const Event& event) {
  BELAY_CHECK(event.step >= 1 && static_cast<std::size_t>(event.step) <= host.steps.size());
  StepState& step = host.steps[static_cast<std::size_t>(event.step) - 1];
  const PlanStep& spec = plan.steps[static_cast<std::size_t>(event.step) - 1];
  if (!event.output.empty()) step.output = event.output;
  if (!event.note.empty()) step.note = event.note;
  switch (event.type) {
    case EventType::skipped:
      step.phase = Phase::skipped;
      break;
    case EventType::snap_intent:
      step.phase = Phase::snapshotting;
      break;
    case EventType::snap_done:
      step.phase = event.ok ? Phase::snapshotted : Phase::failed;
      step.before = event.digest;
      // What comes next is arm, and its answer may be lost: the host may act on this step by itself from here on. Only
      // a fence and a restore end that, so the way back does both even if nothing was applied.
      if (event.ok && plan.dead_man_seconds > 0) step.touched = true;
      break;
    case EventType::snap_copied:
      step.copy = event.digest;
      break;
    case EventType::armed:
      step.phase = event.ok ? Phase::armed : Phase::failed;
      break;
    case EventType::apply_intent:
      step.phase = Phase::applying;
      step.touched = true;
      // That an earlier attempt failed says nothing about this one: lost in the middle, it is unknown and never tried
      // again.
      step.retriable = false;
      break;
    case EventType::probed:
      step.unknown = false;
      if (!event.ok) step.phase = Phase::failed;
      break;
    case EventType::apply_done:
      step.unknown = false;
      step.rc = event.rc;
      step.retriable = !event.ok;
      if (event.ok) {
        step.phase = Phase::applied;
      } else {
        ++step.tries;
        step.phase = Phase::failed;
      }
      // Only the last word counts: an attempt that is made again has not yet come to anything.
      if (event.ok && !spec.register_as.empty()) state.registered.try_emplace(spec.register_as, event.rc);
      break;
    case EventType::verify_done:
      step.retriable = false;
      step.phase = event.ok ? Phase::verified : Phase::failed;
      break;
    case EventType::commit_intent:
      step.phase = Phase::committing;
      break;
    case EventType::committed:
      step.phase = event.ok ? Phase::committed : Phase::failed;
      break;
    case EventType::rb_intent:
      step.phase = Phase::restoring;
      break;
    case EventType::restored:
      step.phase = event.ok ? Phase::restored : Phase::needs_operator;
      step.rc = event.rc;
      // It goes on with this host: only losses without any progress between them count towards giving it up.
      host.lost = 0;
      break;
    case EventType::rb_proven:
      step.phase = event.ok ? Phase::proven : Phase::not_proven;
      break;
    case EventType::needs_operator:
      step.phase = Phase::needs_operator;
      break;
    default:
      BELAY_UNREACHABLE("an event of a run or host carries a step");
  }
}

// True when every step that touched the host has been compared with its snapshot.
bool is_compared(const HostState& host) {
  return std::ranges::all_of(host.steps, [](const StepState& step) {
    return !step.touched || step.phase == Phase::proven || step.phase == Phase::not_proven;
  });
}

void lose(HostState& host) {
  host.connected = false;
  host.generation = -1;
  ++host.lost;
}

void on_host(HostState& host, Stage stage, const Event& event, std::uint64_t epoch) {
  // A last look of the way forward that was still under way when the run turned back: it says nothing about the way
  // back, and must never stand for its proof.
  if (event.type == EventType::host_final && stage == Stage::back && !is_compared(host)) return;
  if (!event.note.empty()) host.note = event.note;
  switch (event.type) {
    case EventType::host_fenced:
      host.connected = true;
      host.fenced_by = event.epoch;
      host.generation = event.epoch == epoch ? event.rc : -1;
      // The fence killed what may still have run; what it had done by then, only the host can tell.
      for (StepState& step : host.steps) {
        if (step.phase == Phase::applying) step.unknown = true;
        // Its dead-man's switch obeys the epoch that armed it: this one arms it again.
        if (step.phase == Phase::armed) step.phase = Phase::snapshotted;
      }
      break;
    case EventType::host_ready:
      host.ready = true;
      host.facts = event.detail;
      break;
    case EventType::host_staged:
      host.staged = true;
      break;
    case EventType::host_lost:
      lose(host);
      break;
    case EventType::host_cut:
      // Ours, not the host's doing: it is fenced anew, and this counts towards nothing.
      host.generation = -1;
      break;
    case EventType::host_failed:
      // A fence of the way forward that was refused while the run turned back: the way back asks again.
      if (stage == Stage::back) {
        lose(host);
        break;
      }
      host.failed = true;
      host.exit_code = event.rc;
      break;
    case EventType::host_settled:
      host.settled = true;
      break;
    case EventType::host_final:
      host.final_done = true;
      host.final_manifest = event.digest;
      host.final_detail = event.detail;
      if (!event.ok) host.failed = true;
      break;
    default:
      BELAY_UNREACHABLE("an event of a run or step carries a host alone");
  }
}

void on_run(RunState& state, const Plan& plan, const Event& event) {
  switch (event.type) {
    case EventType::run_created:
      break;
    case EventType::run_planned: {
      RunState fresh = initial(state.kind, plan);
      state.plan = event.digest;
      state.hosts = std::move(fresh.hosts);
      state.stage = Stage::preparing;
      break;
    }
    case EventType::run_started:
      state.started = true;
      state.stage = state.kind == RunKind::rollback ? Stage::back : Stage::forward;
      break;
    case EventType::run_abort:
      state.abort = true;
      state.reason = event.note;
      break;
    case EventType::run_back:
      state.stage = Stage::back;
      state.reason = event.note;
      // What was checked on the way forward says nothing about the way back.
      for (HostState& host : state.hosts) {
        host.final_done = host.settled = host.failed = false;
        host.lost = 0;
      }
      break;
    case EventType::run_ended:
      state.stage = Stage::ended;
      state.exit_code = event.rc;
      break;
    case EventType::leg_started:
    case EventType::leg_ended:
      break;
    default:
      BELAY_UNREACHABLE("a host's event came without its host");
  }
}

}  // namespace

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::planned:
      return "planned";
    case Phase::skipped:
      return "skipped";
    case Phase::snapshotting:
      return "snapshotting";
    case Phase::snapshotted:
      return "snapshotted";
    case Phase::armed:
      return "armed";
    case Phase::applying:
      return "applying";
    case Phase::applied:
      return "applied";
    case Phase::verified:
      return "verified";
    case Phase::committing:
      return "committing";
    case Phase::committed:
      return "committed";
    case Phase::failed:
      return "failed";
    case Phase::restoring:
      return "restoring";
    case Phase::restored:
      return "restored";
    case Phase::proven:
      return "proven";
    case Phase::not_proven:
      return "not-proven";
    case Phase::needs_operator:
      return "needs-operator";
  }
  return "?";
}

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::planning:
      return "planning";
    case Stage::preparing:
      return "preflight and staging";
    case Stage::forward:
      return "going forward";
    case Stage::back:
      return "going back";
    case Stage::ended:
      return "ended";
  }
  return "?";
}

RunState initial(RunKind kind, const Plan& plan) {
  RunState state;
  state.kind = kind;
  for (const PlanHost& host : plan.hosts) {
    HostState fresh;
    fresh.steps.resize(plan.steps.size());
    for (std::size_t i = 0; i < host.steps.size(); ++i) {
      if (host.steps[i].skipped) {
        fresh.steps[i].phase = Phase::skipped;
      } else if (kind == RunKind::rollback) {
        fresh.steps[i].phase = Phase::committed;
        fresh.steps[i].touched = true;
      }
    }
    state.hosts.push_back(std::move(fresh));
  }
  return state;
}

std::size_t host_index(const Plan& plan, const std::string& host) {
  for (std::size_t i = 0; i < plan.hosts.size(); ++i)
    if (plan.hosts[i].host.name == host) return i;
  BELAY_UNREACHABLE("the journal names a host that its plan does not have");
}

void apply(RunState& state, const Plan& plan, const Event& event, std::uint64_t epoch) {
  if (event.host.empty()) {
    on_run(state, plan, event);
    return;
  }
  // A host may be lost while the run is still being planned; there is no host state to keep then.
  if (state.hosts.empty()) return;
  HostState& host = state.hosts[host_index(plan, event.host)];
  if (event.step == 0)
    on_host(host, state.stage, event, epoch);
  else
    on_step(state, plan, host, event);
}

}  // namespace belay::reduce
