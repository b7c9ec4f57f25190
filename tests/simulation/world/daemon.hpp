// The daemon of the simulated world: asks daemon/reduce what comes next and carries it out as daemon/engine does, one
// small step of one host at a time, with a journal that outlives it. It may die at every append; the next one folds the
// journal under a greater epoch and goes on.
//
// The real engine is told its stories in tests/simulation/engine. This one stays beside it because it is a hundred
// times faster and so can tell any plan: batches, retries, conditions on results, steps that run once, chosen at
// random.
//
// It mirrors daemon/engine/run*.cpp: the same events in the same appends, a call to a host between them. run() throws
// Violation when an invariant of docs/step-protocol.md does not hold, or when the verdict is not true of the hosts.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/reduce/next.hpp"
#include "tests/simulation/world/hosts.hpp"

namespace belay::sim {

// Bugs that the suite must find: each is a daemon that differs in one thing.
enum class Mutant : std::uint8_t {
  none,
  no_fence,         // says that it fenced and did not
  reapply_unknown,  // begins again what it should ask for
  stale_retry,      // takes the failure of an earlier attempt for that of a lost one
  late_intent,      // writes the intent after the effect
  forward_order,    // puts the oldest step back first
  trust_restore,    // believes exit statuses instead of manifests
  early_final,      // takes a look of the way forward for the proof of the way back
  ignore_unknown,   // lets other hosts go on while an outcome is unknown
  no_snapshot,      // says that it took a snapshot and did not
  forget_host,      // drops a lost host from the run
};
struct Story {
  int exit_code = -1;
  int faults = 0;  // calls that did not go well
  int crashes = 0;
  bool aborted = false;
  bool hard = false;  // something happened that only a person can mend: exit 3 may be the truth
  std::vector<std::string> log;
};

class SimDaemon {
 public:
  SimDaemon(const Plan& plan, RunKind kind, Oracle& oracle, Mutant mutant = Mutant::none);

  // From run-created to run-ended, through as many deaths as the oracle wants.
  void run();
  [[nodiscard]] const Story& story() const { return story_; }

 private:
  enum class Outcome : std::uint8_t {
    ok,
    fails,
    fails_clean,
    refused,
    lost_before,
    lost_midway,
    lost_after,
    stuck,
    lies
  };
  struct Death {};
  struct Work {
    reduce::Task task;
    int at = 0;
    Outcome outcome = Outcome::ok;
    bool cut = false;  // the run turned back while this was under way
    std::vector<Event> pending = {};
  };

  // daemon.cpp
  void incarnation();
  [[nodiscard]] std::vector<reduce::Task> ask();
  [[nodiscard]] bool begin_all();
  void perform_for_run(const reduce::Task& task);
  void check_launch(const reduce::Task& task) const;
  void append(std::vector<Event> events);
  void fold(const Event& event);
  void check_verdict() const;
  [[nodiscard]] bool journal_has(EventType type) const;
  [[nodiscard]] bool any_busy() const;

  // tasks.cpp: one small step; true when the task is over.
  bool advance(std::size_t h);
  bool do_fence(Work& work);
  bool do_prepare(Work& work, EventType done);
  bool do_snapshot(Work& work);
  bool do_arm(Work& work);
  bool do_apply(Work& work);
  bool do_verify(Work& work);
  bool do_commit(Work& work);
  bool do_probe(Work& work);
  bool do_restore(Work& work);
  bool do_settle(Work& work);
  bool do_prove(Work& work);
  bool do_finish(Work& work);
  bool do_skip(Work& work);
  [[nodiscard]] Outcome outcome(std::size_t h, std::initializer_list<Outcome> usual);
  [[nodiscard]] Event event(EventType type, const Work& work) const;
  [[nodiscard]] Event lost(const Work& work) const;  // or cut
  [[nodiscard]] std::uint64_t host_epoch(const Work& work) const;
  void need_intent(EventType intent, const Work& work, int count) const;
  bool write_pending(Work& work);

  const Plan& plan_;
  const RunKind kind_;
  Oracle& oracle_;
  const Mutant mutant_;
  std::vector<SimHost> hosts_;
  std::vector<Event> journal_;  // durable
  std::vector<int> losses_;     // per host; soft ones stay below what gives a host up
  Story story_;
  // What dies with the daemon.
  std::uint64_t epoch_ = 0;
  int generation_ = 0;
  reduce::RunState state_;
  std::vector<std::optional<Work>> busy_;
  std::set<std::size_t> fenced_;
  std::set<std::pair<std::size_t, int>> unresolved_;
  std::size_t ticks_ = 0;
};

}  // namespace belay::sim
