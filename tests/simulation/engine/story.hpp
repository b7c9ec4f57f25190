// Story: one run of the real engine against two simulated hosts, from its start to its end, through as many deaths of
// the daemon as chance wants; then everything that is still under way comes to rest, and the verdict is compared with
// what stands on the hosts.
//
// A story is named by its plot: what is done, in which world, and the shots. line() and parse_plot() are inverse; the
// line is what BELAY_SIM takes. The same plot gives the same story.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/engine/daemon.hpp"

namespace belay::simulated {

enum class Kind : std::uint8_t {
  deploy,         // without a dead-man's switch (class B)
  guarded,        // a deployment as in production: the switch, the boot hook (class A), copies of the snapshots
  rollback,       // of a finished deployment
  deploy_stored,  // a deployment whose journal is the real store, on disk
};

struct Plot {
  Kind kind = Kind::deploy;
  Switches switches = {};
  std::vector<Shot> shots = {};
  std::optional<std::uint64_t> seed = {};  // in place of shots
};

[[nodiscard]] std::string line(const Plot& plot);
[[nodiscard]] std::optional<Plot> parse_plot(std::string_view text);

struct Outcome {
  std::string violation = {};  // empty: none
  int exit_code = -1;          // of the run; -1: there is no run
  Chance chance = {};          // what was asked and given
  std::vector<std::string> log = {};
};

// `tell`: keeps a log of what happened.
[[nodiscard]] Outcome tell(const Plot& plot, bool tell_all = false);

// A story in the hands of a test: it can be looked at and pushed while it goes on.
class Story {
 public:
  explicit Story(const Plot& plot, bool tell_all = false);
  ~Story();
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;

  void begin();
  // One thing happens. False when the run has ended and everything has come to rest.
  bool step();
  void to_the_end() {
    while (step()) {
    }
  }
  // Goes on until `done` holds; throws Violation when it never does.
  void until(const std::function<bool()>& done);
  // Throws Violation when the verdict is not true.
  void check() const;

  // The daemon dies now; a new one comes after `pause`, or never.
  void kill(Millis pause);
  [[nodiscard]] Setting& setting() { return setting_; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] Host& host(const std::string& name) { return *network_.hosts.at(name); }
  [[nodiscard]] const Host& host(const std::string& name) const { return *network_.hosts.at(name); }
  [[nodiscard]] Daemon* daemon() { return daemons_.empty() ? nullptr : daemons_.back().get(); }
  // The directory of a step of the deployment on a host.
  [[nodiscard]] std::string directory(int step) const;
  bool no_more_daemons = false;  // the last one that dies is the last

 private:
  friend struct Deployed;
  void start_daemon(std::optional<engine::StartRequest> request);
  void bury_the_dead();
  void heard(const Event& event);
  void check_host(const Host& host, int code) const;

  Plot plot_;
  Setting setting_;
  Network network_;
  Ledger ledger_;
  State state_;
  std::vector<std::unique_ptr<Daemon>> daemons_;  // the last one is the one in office
  bool next_daemon_due_ = false;
  std::uint64_t starts_ = 0;  // of the daemon so far
  std::string deployment_;    // the run whose directories are on the hosts
  std::optional<Millis> ended_at_;
};

}  // namespace belay::simulated
