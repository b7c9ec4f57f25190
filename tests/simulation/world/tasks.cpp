// What daemon/engine/run_prepare.cpp, run_forward.cpp and run_back.cpp do, as small steps: an append, a call, an
// append.
#include <fmt/format.h>

#include <algorithm>

#include "tests/simulation/world/daemon.hpp"

namespace belay::sim {

using reduce::Do;

namespace {

// A host is lost at most so often by bad luck; more often, and it is given up, which is another story (a dead host).
const int most_soft_losses = reduce::give_up_after(Plan{}) - 2;

}  // namespace

bool SimDaemon::advance(std::size_t h) {
  Work& work = *busy_[h];
  switch (work.task.what) {
    case Do::fence:
      return do_fence(work);
    case Do::ready:
      return do_prepare(work, EventType::host_ready);
    case Do::stage:
      return do_prepare(work, EventType::host_staged);
    case Do::skip:
      return do_skip(work);
    case Do::snapshot:
      return do_snapshot(work);
    case Do::arm:
      return do_arm(work);
    case Do::apply:
      return do_apply(work);
    case Do::verify:
      return do_verify(work);
    case Do::commit:
      return do_commit(work);
    case Do::probe:
      return do_probe(work);
    case Do::restore:
      return do_restore(work);
    case Do::settle:
      return do_settle(work);
    case Do::prove:
      return do_prove(work);
    case Do::finish:
      return do_finish(work);
    case Do::start:
    case Do::go_back:
    case Do::end:
      break;
  }
  throw Violation("a task of the run was given to a host");
}

SimDaemon::Outcome SimDaemon::outcome(std::size_t h, std::initializer_list<Outcome> usual) {
  if (hosts_[h].dead) return Outcome::lost_before;
  const unsigned chosen = oracle_.pick(Site::fault, static_cast<unsigned>(usual.size()) + 1);
  if (chosen == usual.size()) {
    hosts_[h].dead = story_.hard = true;
    ++story_.faults;
    return Outcome::lost_before;
  }
  const Outcome out = usual.begin()[chosen];
  const bool loss = out == Outcome::lost_before || out == Outcome::lost_midway || out == Outcome::lost_after;
  if (loss && losses_[h]++ >= most_soft_losses) return Outcome::ok;
  if (out == Outcome::stuck || out == Outcome::lies) story_.hard = true;
  if (out != Outcome::ok) ++story_.faults;
  return out;
}

Event SimDaemon::event(EventType type, const Work& work) const {
  return {.type = type, .run = {}, .host = plan_.hosts[work.task.host].host.name, .step = work.task.step};
}

Event SimDaemon::lost(const Work& work) const {
  Event out = event(work.cut ? EventType::host_cut : EventType::host_lost, work);
  out.step = 0;
  if (!work.cut) out.note = "the connection is gone";
  return out;
}

std::uint64_t SimDaemon::host_epoch(const Work& work) const {
  return epoch_ << 20 | static_cast<std::uint64_t>(state_.hosts[work.task.host].generation);
}

// I3: the intent stands in the journal, under this epoch, before the effect.
void SimDaemon::need_intent(EventType intent, const Work& work, int count) const {
  const std::string& host = plan_.hosts[work.task.host].host.name;
  const auto found = std::ranges::count_if(
      journal_, [&](const Event& e) { return e.type == intent && e.host == host && e.step == work.task.step; });
  if (found < count)
    throw Violation(
        fmt::format("I3: {} on {} step {} comes after the effect", to_string(intent), host, work.task.step));
}

bool SimDaemon::write_pending(Work& work) {
  append(std::move(work.pending));
  return true;
}

bool SimDaemon::do_fence(Work& work) {
  if (work.at++ == 1) return write_pending(work);
  work.outcome = outcome(work.task.host, {Outcome::ok, Outcome::lost_before, Outcome::lost_after, Outcome::refused});
  if (work.outcome == Outcome::lost_before) return work.pending = {lost(work)}, false;
  // As Run::fence: on a way back a refusal is a loss, and it is tried again.
  const bool back = kind_ == RunKind::rollback || state_.stage == reduce::Stage::back;
  if (work.outcome == Outcome::refused && back && losses_[work.task.host]++ >= most_soft_losses)
    work.outcome = Outcome::ok;
  if (work.outcome == Outcome::refused) {
    work.pending = {back ? lost(work) : event(EventType::host_failed, work)};
    work.pending[0].rc = 1;
    return false;
  }
  Event done = event(EventType::host_fenced, work);
  done.rc = ++generation_;
  const std::uint64_t epoch = epoch_ << 20 | static_cast<std::uint64_t>(done.rc);
  if (mutant_ == Mutant::no_fence)
    hosts_[work.task.host].adopt(epoch);
  else
    hosts_[work.task.host].fence(epoch, oracle_);
  work.pending = {work.outcome == Outcome::ok ? done : lost(work)};
  return false;
}

bool SimDaemon::do_prepare(Work& work, EventType type) {
  if (work.at++ == 1) return write_pending(work);
  work.outcome = outcome(work.task.host, {Outcome::ok, Outcome::fails, Outcome::lost_before});
  if (work.outcome == Outcome::fails && kind_ == RunKind::rollback) story_.hard = true;
  work.pending = {work.outcome == Outcome::lost_before
                      ? lost(work)
                      : event(work.outcome == Outcome::ok ? type : EventType::host_failed, work)};
  if (work.outcome == Outcome::fails) work.pending[0].rc = 1;
  return false;
}

bool SimDaemon::do_skip(Work& work) {
  append({event(EventType::skipped, work)});
  return true;
}

bool SimDaemon::do_snapshot(Work& work) {
  if (work.at == 0) return append({event(EventType::snap_intent, work)}), ++work.at, false;
  if (work.at++ == 2) return write_pending(work);
  need_intent(EventType::snap_intent, work, 1);
  work.outcome = outcome(work.task.host, {Outcome::ok, Outcome::fails, Outcome::lost_before, Outcome::lost_after});
  if ((work.outcome == Outcome::ok || work.outcome == Outcome::lost_after) && mutant_ != Mutant::no_snapshot)
    hosts_[work.task.host].snapshot(work.task.step, host_epoch(work));
  Event done = event(EventType::snap_done, work);
  done.ok = work.outcome == Outcome::ok;
  done.digest = "manifest";
  work.pending = {done.ok || work.outcome == Outcome::fails ? done : lost(work)};
  return false;
}

bool SimDaemon::do_arm(Work& work) {
  if (work.at++ == 1) return write_pending(work);
  work.outcome = outcome(work.task.host, {Outcome::ok, Outcome::refused, Outcome::lost_before, Outcome::lost_after});
  Event done = event(EventType::armed, work);
  done.ok = work.outcome == Outcome::ok;
  work.pending = {done.ok || work.outcome == Outcome::refused ? done : lost(work)};
  return false;
}

bool SimDaemon::do_apply(Work& work) {
  SimHost& host = hosts_[work.task.host];
  switch (work.at++) {
    case 0:
      if (state_.stage != reduce::Stage::forward) return true;
      if (mutant_ != Mutant::late_intent) append({event(EventType::apply_intent, work)});
      return false;
    case 1:
      if (work.cut) return work.pending = {lost(work)}, work.at = 3, false;
      work.outcome = outcome(work.task.host, {Outcome::ok, Outcome::fails, Outcome::fails_clean, Outcome::lost_before,
                                              Outcome::lost_midway, Outcome::lost_after});
      if (work.outcome == Outcome::lost_before) return work.pending = {lost(work)}, work.at = 3, false;
      need_intent(EventType::apply_intent, work, work.task.attempt);
      host.begin_apply(work.task.step, work.task.attempt, host_epoch(work));
      return false;
    case 2: {
      // Cut short, its program runs on until the fence ends it.
      if (work.cut) return work.pending = {lost(work)}, false;
      Event done = event(EventType::apply_done, work);
      done.ok = work.outcome == Outcome::ok;
      done.rc = done.ok ? 0 : 1;
      if (work.outcome == Outcome::ok || work.outcome == Outcome::lost_after) host.end_apply(0, File::after);
      if (work.outcome == Outcome::fails) host.end_apply(1, File::torn);
      if (work.outcome == Outcome::fails_clean) host.end_apply(1, work.task.attempt == 1 ? File::before : File::torn);
      const bool known = done.ok || work.outcome == Outcome::fails || work.outcome == Outcome::fails_clean;
      work.pending = {known ? done : lost(work)};
      return false;
    }
    default:
      return write_pending(work);
  }
}

bool SimDaemon::do_verify(Work& work) {
  if (work.at++ == 1) return write_pending(work);
  if (work.cut) return work.pending = {lost(work)}, false;
  work.outcome = outcome(work.task.host, {Outcome::ok, Outcome::fails, Outcome::lost_before});
  Event done = event(EventType::verify_done, work);
  done.ok = work.outcome == Outcome::ok;
  work.pending = {work.outcome == Outcome::lost_before ? lost(work) : done};
  return false;
}

bool SimDaemon::do_commit(Work& work) {
  if (work.at == 0) return append({event(EventType::commit_intent, work)}), ++work.at, false;
  if (work.at++ == 2) return write_pending(work);
  need_intent(EventType::commit_intent, work, 1);
  work.outcome = outcome(work.task.host, {Outcome::ok, Outcome::refused, Outcome::lost_before, Outcome::lost_after});
  SimHost& host = hosts_[work.task.host];
  if (work.outcome == Outcome::refused) host.take_back(work.task.step);
  if (work.outcome == Outcome::ok && host.at(work.task.step).taken_back) work.outcome = Outcome::refused;
  Event done = event(EventType::committed, work);
  done.ok = work.outcome == Outcome::ok;
  work.pending = {done.ok || work.outcome == Outcome::refused ? done : lost(work)};
  return false;
}

bool SimDaemon::do_probe(Work& work) {
  if (work.at++ == 1) return write_pending(work);
  SimHost& host = hosts_[work.task.host];
  if (host.running()) throw Violation("a host is asked for an outcome while the step still runs");
  work.outcome = outcome(work.task.host, {Outcome::ok, Outcome::lost_before});
  if (work.outcome != Outcome::ok) return work.pending = {lost(work)}, false;
  const auto& attempts = host.at(work.task.step).attempts;
  const auto found = attempts.find(work.task.attempt);
  Event seen = event(EventType::probed, work);
  seen.ok = found != attempts.end() && found->second == 0;
  work.pending = {seen};
  if (seen.ok) work.pending.push_back(event(EventType::apply_done, work));
  return false;
}

bool SimDaemon::do_restore(Work& work) {
  if (work.at == 0) return append({event(EventType::rb_intent, work)}), ++work.at, false;
  if (work.at++ == 2) return write_pending(work);
  need_intent(EventType::rb_intent, work, 1);
  SimHost& host = hosts_[work.task.host];
  work.outcome = outcome(work.task.host, {Outcome::ok, Outcome::lost_before, Outcome::lost_midway, Outcome::lost_after,
                                          Outcome::stuck, Outcome::lies});
  const bool whole = work.outcome == Outcome::ok || work.outcome == Outcome::lost_after;
  if (work.outcome != Outcome::lost_before)
    host.restore(work.task.step, host_epoch(work), whole ? File::before : File::torn,
                 whole || work.outcome == Outcome::lies);
  Event done = event(EventType::restored, work);
  done.ok = work.outcome != Outcome::stuck;
  const bool known = work.outcome == Outcome::ok || work.outcome == Outcome::stuck || work.outcome == Outcome::lies;
  work.pending = {known ? done : lost(work)};
  return false;
}

bool SimDaemon::do_settle(Work& work) {
  if (work.at++ == 1) return write_pending(work);
  work.outcome = outcome(work.task.host, {Outcome::ok, Outcome::fails, Outcome::lost_before});
  Event done = event(EventType::host_settled, work);
  done.ok = work.outcome == Outcome::ok;
  work.pending = {work.outcome == Outcome::lost_before ? lost(work) : done};
  return false;
}

bool SimDaemon::do_prove(Work& work) {
  if (work.at++ == 1) return write_pending(work);
  SimHost& host = hosts_[work.task.host];
  work.outcome = outcome(work.task.host, {Outcome::ok, Outcome::lost_before});
  if (work.outcome != Outcome::ok) return work.pending = {lost(work)}, false;
  for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
    if (!state_.hosts[work.task.host].steps[i].touched) continue;
    Event proof = event(EventType::rb_proven, work);
    proof.step = static_cast<int>(i) + 1;
    proof.ok = host.at(proof.step).file == File::before || mutant_ == Mutant::trust_restore;
    work.pending.push_back(std::move(proof));
  }
  work.pending.push_back(event(EventType::host_final, work));
  return false;
}

bool SimDaemon::do_finish(Work& work) {
  if (work.at++ == 1) return write_pending(work);
  work.outcome = outcome(work.task.host, {Outcome::ok, Outcome::fails, Outcome::lost_before});
  if (work.outcome == Outcome::lost_before) return work.pending = {lost(work)}, false;
  Event done = event(EventType::host_final, work);
  done.ok = work.outcome == Outcome::ok;
  work.pending = {done};
  return false;
}

}  // namespace belay::sim
