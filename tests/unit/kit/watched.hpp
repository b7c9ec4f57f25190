// A host with steps that a dead-man may watch, for the laws (laws.hpp): it collects what is broken instead of failing a
// test, because a law also has to be seen broken when the kit is.
//
// Step N turns the file of step N from "old" into "new". One object is for one thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/kit_host/kit_host.hpp"

namespace belay::test {

// Ids of the living processes whose command line names `script` and this host's base directory.
[[nodiscard]] std::vector<pid_t> processes_of(const KitHost& host, const std::string& script);

// Replaces the one occurrence of `from` in a script of the host's copy of the kit ("verb/arm.sh"); throws when there is
// not exactly one.
void change_kit(const KitHost& host, const std::string& script, const std::string& from, const std::string& to);

[[nodiscard]] long uptime();

class Watched {
 public:
  // Stages steps 1 to `steps`; none has a snapshot yet. Unless `sync` is asked for, nothing waits for the disk.
  explicit Watched(KitHost& host, int steps = 1, bool sync = false);
  // Ends what it started: let_go, and nobody's process is stopped any more.
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // Notes a complaint unless it is so; whether it is.
  bool must(bool so, const std::string& sentence);
  // The same for an answer's status.
  bool must_end(const Reply& reply, int status, const std::string& what);
  // Polls for half a minute.
  bool must_come(const std::function<bool()>& condition, const std::string& sentence);
  // Every complaint; nothing when the law held.
  [[nodiscard]] const std::string& complaints() const { return complaints_; }

  // snap and arm, in epoch 1.
  bool armed(int step, int seconds);
  // The same and apply.
  bool applied(int step, int seconds);
  Reply arm(int step, int seconds, int epoch = 1);
  Reply renew(int epoch, int seconds);
  // The deadline passes at once: it is rewritten, and the dead-man is woken.
  void expire();
  // What a reboot leaves: a deadline of another boot and no dead-man. (The host's processes are still there.)
  void reboot();
  // boot.sh as the hook runs it, waited for; or not.
  Finished boot();
  [[nodiscard]] std::unique_ptr<Process> start_boot();
  // runner.sh for an op, directly: its status.
  int run_op(const std::string& op, int step);

  // From now on every restore stops in its first tar, until let_go. in_restore: one has come there.
  void block_restores();
  void let_go();
  [[nodiscard]] bool in_restore() const;

  // The token as the files say; "armed+firing" when there is more than one.
  [[nodiscard]] std::string token(int step) const;
  [[nodiscard]] std::string file(int step) const { return (host_.live() / ("f" + std::to_string(step))).string(); }
  [[nodiscard]] std::string content(int step) const { return read_file(file(step)); }
  [[nodiscard]] std::filesystem::path run_dir() const { return host_.base() / "runs" / host_.run_id(); }
  [[nodiscard]] std::string in_step(int step, const std::string& name) const {
    return read_file(host_.step_dir(step) / name);
  }
  [[nodiscard]] std::string deadline() const { return read_file(run_dir() / "deadline"); }
  // Its uptime; 0 when there is none.
  [[nodiscard]] long limit() const;
  // The dead-man that stands in deadman.pid, if it lives; else 0.
  [[nodiscard]] pid_t dead_man() const;
  // restored, the file as it was, and the dead-man's own proof says so too.
  bool must_go_back(int step);

  [[nodiscard]] KitHost& host() { return host_; }

 private:
  KitHost& host_;
  std::string complaints_;
};

}  // namespace belay::test
