// Two who want the same at the same instant, many times with another instant each time: whatever the order, it is
// decided once, and everybody is told the same.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>

#include "tests/support/kit_host/patience.hpp"
#include "tests/unit/kit/laws.hpp"
#include "tests/unit/kit/watched.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;

// Instants around the one at which the winner changes: it goes there step by step, and stays about there.
class Edge {
 public:
  void wait() {
    const int spread = static_cast<int>(step_);
    let_run(std::chrono::microseconds(std::max(0, at_ + std::uniform_int_distribution<int>(-spread, spread)(random_))));
  }
  // Who waited came first, or too late.
  void came_first(bool first) {
    if (last_ && *last_ != first) step_ = std::max(step_ / 2, 4000);
    last_ = first;
    at_ = std::max(0, first ? at_ + step_ : at_ - step_);
  }

 private:
  int at_ = 150000;  // microseconds
  int step_ = 100000;
  std::optional<bool> last_;
  std::mt19937_64 random_{std::random_device{}()};
};

bool nobody_watches(Watched& w) { return processes_of(w.host(), "deadman.sh").empty(); }

std::string a_commit_and_a_fire_are_decided_once(KitHost& host) {
  constexpr int rounds = 12;
  Watched w(host, rounds);
  Edge edge;
  for (int n = 1; n <= rounds && w.complaints().empty(); ++n) {
    if (!w.applied(n, 600)) break;
    w.reboot();
    auto boot = w.start_boot();
    edge.wait();
    const Reply commit = host.do_step("commit", n, "1");
    (void)boot->finish();
    w.must_come([&] { return nobody_watches(w); }, "the end of the dead-man");
    const std::string token = w.token(n);
    edge.came_first(token == "committed");
    const bool kept = token == "committed" && w.content(n) == "new\n" && commit.end == 0;
    const bool taken_back = token == "restored" && w.content(n) == "old\n" && commit.end == 80 &&
                            w.in_step(n, "deadman.proof") == "equal\n";
    w.must(kept || taken_back, fmt::format("round {}: the token is {}, the file is {}, and commit said {}", n, token,
                                           w.content(n), commit.text()));
  }
  return w.complaints();
}

std::string a_restore_and_a_fire_agree(KitHost& host) {
  constexpr int rounds = 8;
  Watched w(host, rounds);
  Edge edge;
  for (int n = 1; n <= rounds && w.complaints().empty(); ++n) {
    if (!w.applied(n, 600)) break;
    w.reboot();
    auto boot = w.start_boot();
    edge.wait();
    const Reply restore = host.do_step("restore", n, "1");
    (void)boot->finish();
    w.must_come([&] { return nobody_watches(w); }, "the end of the dead-man");
    edge.came_first(w.in_step(n, "fired").empty());
    w.must(w.token(n) == "restored" && w.content(n) == "old\n", "the token is " + w.token(n));
    w.must(restore.end == 75 || restore.get("rc") == "0", restore.text());
    for (const auto& item : fs::directory_iterator(host.live()))
      w.must(item.path().filename().string().starts_with("f"), "left behind: " + item.path().string());
  }
  return w.complaints();
}

// The dead-man is about to leave, because nothing is armed any more, while the next step is being armed. That somebody
// watches means that he acts.
std::string whoever_armed_is_watched(KitHost& host) {
  constexpr int rounds = 8;
  Watched w(host, 2 * rounds);
  Edge edge;
  for (int n = 1; n < 2 * rounds && w.complaints().empty(); n += 2) {
    if (!w.applied(n, 600)) break;
    w.must_end(host.do_step("snap", n + 1, "1"), 0, "snap");
    const pid_t before = w.dead_man();
    w.must_end(host.do_step("commit", n, "1"), 0, "commit");
    // It looks around once more, and sees that nothing is armed, or that something is.
    w.expire();
    edge.wait();
    const Reply armed = w.arm(n + 1, 600);
    w.must(armed.end == 0 && armed.get("deadman") == "shell", armed.text());
    edge.came_first(w.dead_man() == before);
    w.expire();
    w.must_come([&] { return w.token(n + 1) == "restored"; },
                fmt::format("round {}: the step was armed, and somebody watches", n));
    w.must_come([&] { return nobody_watches(w); }, "the end of every dead-man");
  }
  return w.complaints();
}

// The daemon put the step back and went on to earlier steps while the dead-man waited for the lock.
std::string what_is_restored_is_not_restored_again_by_the_dead_man(KitHost& host) {
  Watched w(host);
  if (!w.applied(1, 0)) return w.complaints();
  w.must(host.do_step("restore", 1, "1").get("rc") == "0", "restore");
  write_file(w.file(1), "what an earlier step's restore put here\n");
  w.must(w.run_op("undo", 1) == 0, "the dead-man's op");
  w.must(w.content(1) == "what an earlier step's restore put here\n", "it was overwritten");
  w.must(w.token(1) == "restored", "the token is " + w.token(1));
  return w.complaints();
}

}  // namespace

std::vector<Law> laws_of_races() {
  return {{"ACommitAndAFireAreDecidedOnce", a_commit_and_a_fire_are_decided_once},
          {"ARestoreAndAFireAgree", a_restore_and_a_fire_agree},
          {"WhoeverArmedIsWatched", whoever_armed_is_watched},
          {"WhatIsRestoredIsNotRestoredAgain", what_is_restored_is_not_restored_again_by_the_dead_man}};
}

}  // namespace belay::test
