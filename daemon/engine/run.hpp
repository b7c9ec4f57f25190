// One run while it is alive: asks daemon/reduce what comes next, has it done, writes what happened to the journal.
//
// A Run knows nothing that the journal does not: killed at any instant, it is built again from its events and goes on
// or goes back. Loop thread; kept by shared_ptr while any of its tasks is under way.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "belay/signal.hpp"
#include "daemon/engine/host_link.hpp"
#include "daemon/engine/world.hpp"
#include "daemon/model/manifest.hpp"
#include "daemon/reduce/next.hpp"

namespace belay::engine {

// A finished deployment and the final manifests it left. Empty run: there is none.
struct BaselineView {
  std::string run;
  std::map<std::string, std::string> finals;  // host → blob of its final manifest
};

// What a run is compared with.
struct Baselines {
  BaselineView before;    // the baseline a way back must arrive at
  BaselineView deployed;  // a rollback: the deployment it takes back …
  std::map<std::pair<std::string, int>, std::string>
      snapshots;                                              // … and the manifests its journal has, by host and step
  std::map<std::pair<std::string, int>, std::string> copies;  // the same for the sealed copies of its snapshots
};

// What a run that failed leaves behind: its package stays out of that environment until a person lifts this. `row` has
// ended.
[[nodiscard]] BlockRow block_of(const RunRow& row, const std::string& reason);

class Run : public std::enable_shared_from_this<Run> {
 public:
  // `next_generation` gives numbers that never repeat in this process: with the epoch they fence hosts (R3).
  Run(World& world, const Environment& environment, RunRow row, std::function<int()> next_generation);

  // Makes the run go: from the state that `events` fold to, until it has ended or `stop` was called. `plan` must be the
  // one the events name; for a fresh run it is the one just journalled. `links` are those that planning has opened, in
  // the plan's order, or empty.
  [[nodiscard]] Awaitable<void> drive(Plan plan, const std::vector<Recorded>& events, Baselines baselines, Links links);

  // Journalled at once; the run then goes back.
  [[nodiscard]] Awaitable<Result<void>> abort(std::string note);
  // The daemon ends: begins nothing more, lets what is under way finish. drive() returns soon.
  void stop();

  [[nodiscard]] const RunRow& row() const { return row_; }
  [[nodiscard]] const reduce::RunState& state() const { return state_; }
  [[nodiscard]] const Plan& plan() const { return plan_; }

 private:
  [[nodiscard]] Awaitable<void> record(std::vector<Event> events, std::vector<RecordWrite> rows = {});
  [[nodiscard]] Awaitable<void> record(Event event);
  [[nodiscard]] Event event(EventType type, const reduce::Task& task) const;
  [[nodiscard]] bool any_busy() const;
  void launch(const reduce::Task& task);
  [[nodiscard]] Awaitable<void> perform(reduce::Task task);
  [[nodiscard]] Awaitable<void> perform_for_run(const reduce::Task& task);
  // The connection is gone, was cut by us, or the host cannot be reached: journals which, and forgets the link.
  [[nodiscard]] Awaitable<void> lost(const reduce::Task& task, const Error& error);
  [[nodiscard]] static bool is_loss(const Error& error) {
    return error.kind == Kind::unreachable || error.kind == Kind::unknown || error.kind == Kind::timeout;
  }

  // run_prepare.cpp
  [[nodiscard]] Awaitable<void> fence(reduce::Task task);
  [[nodiscard]] Awaitable<void> ready(reduce::Task task);
  [[nodiscard]] Awaitable<Result<std::vector<std::string>>> drift(Leash& leash, const std::string& host);
  [[nodiscard]] Awaitable<Result<std::string>> keep_conflicts(Leash& leash, const reduce::Task& task);
  [[nodiscard]] Awaitable<void> stage(reduce::Task task);
  // run_forward.cpp
  [[nodiscard]] Awaitable<void> snapshot(reduce::Task task);
  [[nodiscard]] Awaitable<void> apply(reduce::Task task);
  [[nodiscard]] Awaitable<void> verify(reduce::Task task);
  [[nodiscard]] Awaitable<void> probe(reduce::Task task);
  [[nodiscard]] Awaitable<void> finish(reduce::Task task);
  struct LastLook {
    std::string wrong;                                      // a sentence; empty when all is as planned
    std::map<std::string, std::set<std::string>> portable;  // step → digests that its payload must have everywhere
  };
  [[nodiscard]] Awaitable<Result<LastLook>> check_against_plan(Leash& leash, const reduce::Task& task);
  // run_guard.cpp
  [[nodiscard]] Awaitable<void> arm(reduce::Task task);
  [[nodiscard]] Awaitable<void> commit(reduce::Task task);
  // A step of this host is guarded by a dead-man's switch that waits for a word from us.
  [[nodiscard]] bool stands_armed(std::size_t host) const;
  // Renews the host's deadline for as long as that holds; returns at once.
  void keep_alive(std::size_t host);
  [[nodiscard]] Awaitable<void> renew_while_armed(std::size_t host);
  [[nodiscard]] Awaitable<Result<Leash*>> way_in(std::size_t host);
  // Before a restore: lets the host end one that it began by itself. First: false when the host was lost meanwhile;
  // second: true when it had taken the step back before we asked.
  [[nodiscard]] Awaitable<std::pair<bool, bool>> await_dead_man(Leash& leash, const reduce::Task& task);
  // run_back.cpp
  [[nodiscard]] Awaitable<void> restore(reduce::Task task);
  [[nodiscard]] Awaitable<void> settle(reduce::Task task);
  [[nodiscard]] Awaitable<void> prove(reduce::Task task);
  // For whoever has to look at a step that could not be put back: {token, differences}, as the host says now.
  [[nodiscard]] Awaitable<std::string> what_stands(Leash& leash, const reduce::Task& task);
  // Sends the daemon's copy of a snapshot to a host whose own is damaged or gone. False: there is none, or the host
  // does not take it; `why` says so.
  [[nodiscard]] Awaitable<bool> give_copy(Leash& leash, const reduce::Task& task, std::string& why);
  [[nodiscard]] Result<std::string> snapshot_manifest(const reduce::Task& task, int step) const;
  // run_end.cpp
  [[nodiscard]] Awaitable<void> end(const reduce::Task& task);
  [[nodiscard]] Awaitable<std::vector<RecordWrite>> rows_at_end(int exit_code);
  [[nodiscard]] Awaitable<std::vector<RecordWrite>> rows_put_back();

  // The directories of the run on the hosts: its own, or those of the deployment it rolls back.
  [[nodiscard]] const std::string& directory() const { return plan_.of.empty() ? row_.id : plan_.of; }
  [[nodiscard]] std::uint64_t host_epoch(std::size_t host) const;
  [[nodiscard]] const HostStep& host_step(const reduce::Task& task) const;
  [[nodiscard]] std::chrono::seconds step_deadline(int step) const;
  [[nodiscard]] std::string store_output(const std::string& bytes) const;

  World& world_;
  const Environment& environment_;
  RunRow row_;
  std::function<int()> next_generation_;
  Plan plan_;
  Baselines baselines_;
  reduce::RunState state_;
  Links links_;
  Signal wake_;
  std::set<std::size_t> kept_alive_;
  int renewing_ = 0;  // renewals under way: they use links_
  bool stopping_ = false;
  bool ending_ = false;  // the verdict is being written: nothing can turn it any more
};

}  // namespace belay::engine
