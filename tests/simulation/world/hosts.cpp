#include "tests/simulation/world/hosts.hpp"

#include <fmt/format.h>

#include <utility>

namespace belay::sim {

SimHost::SimHost(const PlanHost& host, RunKind kind) : name_(host.host.name), steps_(host.steps.size()) {
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (kind == RunKind::rollback && !host.steps[i].skipped) steps_[i] = {File::after, true, {{1, 0}}, false, true};
}

void SimHost::violate(const std::string& what) const { throw Violation(name_ + ": " + what); }

void SimHost::enter(std::uint64_t epoch, const char* what) const {
  if (epoch != epoch_) violate(fmt::format("I5: {} under epoch {}, the host is at {}", what, epoch, epoch_));
  if (running_) violate(fmt::format("I5: {} while step {} still runs", what, running_->step));
}

void SimHost::fence(std::uint64_t epoch, Oracle& oracle) {
  if (epoch <= epoch_) violate(fmt::format("I6: fenced with {} after {}", epoch, epoch_));
  epoch_ = epoch;
  if (!running_) return;
  if (oracle.pick(Site::fate, 3) == 1) {
    end_apply(0, File::after);
  } else {
    running_.reset();  // killed; what it had written by then stays
  }
}

void SimHost::snapshot(int step, std::uint64_t epoch) {
  enter(epoch, "a snapshot");
  SimStep& here = at(step);
  if (here.snapshot) return;  // write-once (R4)
  if (here.file != File::before) violate(fmt::format("I1: step {} is captured after its first effect", step));
  here.snapshot = true;
}

void SimHost::begin_apply(int step, int attempt, std::uint64_t epoch) {
  enter(epoch, "an apply");
  SimStep& here = at(step);
  if (!here.snapshot) violate(fmt::format("I1: step {} is applied without a snapshot", step));
  if (here.attempts.contains(attempt)) violate(fmt::format("I4: step {} attempt {} is begun twice", step, attempt));
  if (attempt > 1 &&
      (!here.attempts.contains(attempt - 1) || !here.attempts[attempt - 1] || *here.attempts[attempt - 1] == 0))
    violate(fmt::format("I4: step {} attempt {} is begun without a known failure of the one before", step, attempt));
  for (int earlier = 1; earlier < step; ++earlier)
    if (at(earlier).file == File::torn) violate(fmt::format("step {} is applied while step {} is torn", step, earlier));
  here.attempts[attempt] = std::nullopt;
  here.changed = true;
  here.file = File::torn;
  running_ = Running{step, attempt};
}

void SimHost::end_apply(int rc, File left) {
  if (!running_) violate("nothing runs that could end");
  at(running_->step).attempts[running_->attempt] = rc;
  at(running_->step).file = left;
  running_.reset();
}

void SimHost::restore(int step, std::uint64_t epoch, File left, bool done) {
  enter(epoch, "a restore");
  if (!at(step).snapshot) violate(fmt::format("I14: step {} is put back without a snapshot", step));
  for (std::size_t later = static_cast<std::size_t>(step); later < steps_.size(); ++later)
    if (steps_[later].changed) violate(fmt::format("I9: step {} is put back before step {}", step, later + 1));
  at(step).file = left;
  if (done) at(step).changed = false;
}

void SimHost::take_back(int step) {
  at(step).file = File::before;
  at(step).taken_back = true;
}

}  // namespace belay::sim
