// The hosts of the simulated world: per step one file that is as it was, torn or new; a snapshot; markers of what was
// begun; an epoch. They hold what really happened, so they can say whether the daemon's verdict is true.
//
// A call that breaks one of the invariants of docs/step-protocol.md throws Violation with the invariant's name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "daemon/model/plan.hpp"
#include "daemon/model/record.hpp"
#include "tests/simulation/world/oracle.hpp"

namespace belay::sim {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class File : std::uint8_t { before, torn, after };

struct SimStep {
  File file = File::before;
  bool snapshot = false;                       // complete and durable
  std::map<int, std::optional<int>> attempts;  // markers: begun, and the exit status once there is one
  bool taken_back = false;                     // the token is gone: this can't be committed any more
  bool changed = false;                        // since the snapshot or the last restore
};

class SimHost {
 public:
  // A rollback finds what its deployment left: every step that was not skipped is applied.
  SimHost(const PlanHost& host, RunKind kind);

  // What was begun under an older epoch is over when this returns: it ended by itself, or was killed.
  void fence(std::uint64_t epoch, Oracle& oracle);
  // Takes the epoch and ends nothing: what a host without a fence would do.
  void adopt(std::uint64_t epoch) { epoch_ = epoch; }
  void snapshot(int step, std::uint64_t epoch);
  void begin_apply(int step, int attempt, std::uint64_t epoch);
  // The program of begin_apply ends: new content and status 0, or `torn`/untouched content and another status.
  void end_apply(int rc, File left);
  // `left`: what stands there afterwards; `done`: whether it got to its end.
  void restore(int step, std::uint64_t epoch, File left, bool done);
  // The dead-man's switch: the host takes a step back by itself.
  void take_back(int step);

  [[nodiscard]] SimStep& at(int step) { return steps_[static_cast<std::size_t>(step) - 1]; }
  [[nodiscard]] const std::vector<SimStep>& steps() const { return steps_; }
  [[nodiscard]] bool running() const { return running_.has_value(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  bool dead = false;  // never answers again

 private:
  void enter(std::uint64_t epoch, const char* what) const;
  [[noreturn]] void violate(const std::string& what) const;

  struct Running {
    int step;
    int attempt;
  };
  std::string name_;
  std::vector<SimStep> steps_;
  std::uint64_t epoch_ = 0;
  std::optional<Running> running_;
};

}  // namespace belay::sim
