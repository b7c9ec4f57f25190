// Host: a machine of the simulated world. Processes that run side by side and can be killed between any two things
// they do, a disk that forgets what was not synced, a lock, power that can go away, and the kit's verbs as
// docs/host-protocol.md describes them, made of the same steps in the same order as plugins/kit.
//
// It knows what really happened on it (StepTruth), so it notices a broken invariant at the moment of the effect and
// throws Violation out of Timeline::step(). Everything is asked of it through deliver(), as bytes. One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/engine/act.hpp"
#include "tests/simulation/engine/disk.hpp"
#include "tests/simulation/engine/frame.hpp"
#include "tests/simulation/engine/setting.hpp"

namespace belay::simulated {

// What really happened to one step of one run on this host.
struct StepTruth {
  int step = 0;
  std::string target = {};
  std::optional<std::string> captured = {};  // what the first complete snapshot holds (see Host::state_of)
  bool begun = false;                        // an apply had an effect
  bool changed = false;                      // since the last restore
  bool committed = false;
  bool taken = false;                      // the token was taken to put the step back
  bool damaged = false;                    // somebody damaged the snapshot
  std::map<std::string, int> starts = {};  // op → how often its script began
};

// One connection as the network sees it.
struct Line {
  bool open = true;
  std::function<void(const std::string& why)> cut = {};
};

class Host {
 public:
  Host(std::string name, Setting& setting);

  // The network's side.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool reachable() const { return up_ && !gone && setting_.time.now() >= away_until_; }
  void attach(const std::shared_ptr<Line>& line);
  // The network is away for so long; lines that stand are cut.
  void partition(Millis duration);
  bool gone = false;           // never comes back
  bool troubled = false;       // something happened here that only a person can mend
  bool other_machine = false;  // somebody else answers at its address
  // Starts what `request` asks for; `reply` is called with all that it wrote when it ends, if nobody kills it.
  void deliver(Request request, std::function<void(std::string)> reply);

  void power_cut(Loss loss);
  // Of the op that works for this step directory: SIGKILL; no more space for what it writes.
  void kill_op(const std::string& dir);
  void fill(const std::string& dir);
  void damage(const std::string& dir);  // the snapshot of this step directory
  bool boot_hook = false;
  bool has_copies = false;  // the daemon has a copy of every snapshot: a damaged one is no trouble

  // The story's side.
  Disk disk = {};
  [[nodiscard]] const std::map<std::string, StepTruth>& truth() const { return truth_; }  // by step directory
  [[nodiscard]] std::string token(const std::string& dir) const;
  [[nodiscard]] bool guarded(const std::string& dir) const { return disk.exists(dir + "/guarded"); }
  [[nodiscard]] bool working() const;  // a process is there that changes something
  [[nodiscard]] std::uint64_t epoch() const;
  std::set<std::string> edited = {};  // paths that somebody else changed
  // What stands at `path`, as one text that also tells a missing file from an empty one.
  [[nodiscard]] std::string state_of(const std::string& path) const;
  // The snapshot of a step is there, whole, and what it was when it was taken.
  [[nodiscard]] bool snapshot_intact(const std::string& dir) const;
  // Takes over what another one has on its disk and knows; nothing may run on either.
  void become(const Host& other);

 private:
  struct Process {
    int pid = 0;
    std::string what;
    std::uint64_t epoch = 0;  // of an op; 0: not one
    std::string op_dir = {};  // step directory of an op
    bool counts = false;      // its next tick may be struck
    bool stalled_once = false;
    bool full = false;  // the disk has no room for it
    Act<int> body = {};
    std::coroutine_handle<> leaf = {};
    std::vector<int> waiters = {};
    std::function<void(int)> ended = {};
    int rc = -1;
  };
  using Body = std::function<Act<int>(Process&)>;
  // Suspends the process; `counts` says that a fault may strike when it goes on.
  struct Pause {
    Host& host;
    Process& process;
    Millis time;
    bool counts;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> leaf);
    void await_resume() const noexcept {}
  };
  struct Ended {
    Host& host;
    Process& process;
    int pid;
    [[nodiscard]] bool await_ready() const noexcept { return !host.processes_.contains(pid); }
    void await_suspend(std::coroutine_handle<> leaf);
    void await_resume() const noexcept {}
  };

  // host.cpp
  void be_away();
  int spawn(std::string what, Body body, std::function<void(int)> ended = {});
  void resume(int pid);
  void end(int pid, int rc);
  void kill(int pid, const char* why);
  [[nodiscard]] bool alive(int pid) const { return processes_.contains(pid); }
  Pause tick(Process& self) { return {*this, self, 1, true}; }
  Pause pause(Process& self, Millis time) { return {*this, self, time, false}; }
  Act<int> lock(Process& self, Millis patience);  // 0, or 75
  Act<int> gate(Process& self, std::string run);
  void ungate(const std::string& run) { gates_.erase(run); }
  Act<int> put(Process& self, std::string path, std::string value);  // 0, or 74
  void start_up();
  [[nodiscard]] Millis uptime() const { return setting_.time.now() - booted_; }
  [[nodiscard]] std::string boot_id() const { return "boot" + std::to_string(boot_); }

  // verbs.cpp
  Act<int> leash(Process& self, Request request, std::shared_ptr<Reply> reply);
  Act<int> facts(Process& self, std::shared_ptr<Reply> reply);
  Act<int> fence(Process& self, std::uint64_t epoch, std::shared_ptr<Reply> reply);
  Act<int> stage(Process& self, Request request, std::shared_ptr<Reply> reply);
  Act<int> commit(Process& self, std::string dir, std::uint64_t epoch, std::shared_ptr<Reply> reply);
  Act<int> run_op(Process& self, std::string dir, std::string op, std::uint64_t epoch, Millis limit,
                  std::shared_ptr<Reply> reply);
  int probe(const std::string& dir, const std::string& op, Reply& reply);
  Act<int> give(Process& self, std::string dir, Request request, std::shared_ptr<Reply> reply);
  int plan(const Request& request, Reply& reply) const;
  int keep(const std::string& dir, const Request& request, Reply& reply);
  [[nodiscard]] std::string manifest(const std::string& dir) const;
  void hand(const std::string& verb);

  // ops.cpp
  Act<int> runner(Process& self, std::string dir, std::string op, std::uint64_t epoch, Millis limit);
  Act<int> script(Process& self, std::string dir, std::string op);
  Act<int> snap(Process& self, std::string dir);
  Act<int> apply(Process& self, std::string dir);
  Act<int> restore(Process& self, std::string dir, bool finish);
  [[nodiscard]] std::string content_of(const std::string& dir) const;  // what the step wants to put there
  void effect(Process& self, StepTruth& step, EventType intent);
  StepTruth& truth_of(const std::string& dir);
  [[nodiscard]] std::string snapshot_state(const std::string& dir) const;
  [[nodiscard]] std::string sums(
      const std::string& dir) const;  // the list of a snapshot's files, as sha256sum writes it
  [[noreturn]] void violate(const std::string& what) const;

  // deadman.cpp
  Act<int> arm(Process& self, std::string dir, std::uint64_t epoch, int seconds, std::shared_ptr<Reply> reply);
  Act<int> renew(Process& self, std::string run, std::uint64_t epoch, int seconds, std::shared_ptr<Reply> reply);
  Act<int> extend(Process& self, std::string run, std::uint64_t epoch, int seconds);
  Act<int> dead_man(Process& self, std::string run);
  Act<int> put_back(Process& self, std::string dir);
  void ensure_dead_man(const std::string& run);
  [[nodiscard]] Millis rest(const std::string& run) const;
  [[nodiscard]] std::vector<std::string> steps_of(const std::string& run, const std::string& token) const;

  std::string name_;
  Setting& setting_;
  std::map<int, std::unique_ptr<Process>> processes_;
  int last_pid_ = 0;
  int lock_holder_ = 0;
  std::map<std::string, int> gates_;     // run directory → who holds its gate
  std::map<std::string, int> dead_men_;  // run directory → process
  std::map<std::string, int> runners_;   // step directory/op → the process behind its pid marker
  std::vector<std::weak_ptr<Line>> lines_;
  bool up_ = true;
  Millis away_until_ = 0;
  int outages_ = 0;
  Millis booted_ = 0;
  int boot_ = 1;
  std::map<std::string, StepTruth> truth_;
  std::uint64_t fenced_ = 0;  // the greatest epoch whose fence has ended well
};

inline constexpr const char* base_directory = "/b";

}  // namespace belay::simulated
