// A release train whose belayd is killed in every run, and everything that must be true all the same.
//
// Two environments of two hosts each: `dev`, and `prod` of tier production, where every step is guarded by a dead-man's
// switch and every snapshot is copied to the daemon. Runs are deployments, deployments that fail on the last host, and
// rollbacks; belayd dies at a numbered point or at a random instant, sometimes again while it recovers, and sometimes
// stays away until the hosts have helped themselves. Deviations are gtest failures. One thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/e2e/kill_points.hpp"
#include "tests/e2e/releases.hpp"

namespace belay::test {

class Siege {
 public:
  explicit Siege(unsigned seed);

  // One run with one or more kills (or none, when a numbered point was never reached), and the look at what is left.
  // False when something is not as it must be: then the gtest failures say what, and there is nothing to go on with.
  bool round();
  // belayd dies in a step whose snapshot is damaged meanwhile: an operator is asked for, nothing is deleted, and with
  // the damage mended the way back ends well.
  bool operator_round();

  [[nodiscard]] unsigned kills() const { return news_ + backs_ + operators_; }
  // "40 kills: 18 new, 21 back, 1 operator": what came of the runs in which belayd was killed.
  [[nodiscard]] std::string count() const;

 private:
  using Clock = std::chrono::steady_clock;
  enum class Kind { deploy, failing, rollback };
  struct Stand {
    std::vector<Tree> trees;  // what stands, last, and what stood before each finished deployment
    std::vector<std::string> versions;
    Clock::duration usual{};  // the time a deployment takes
    Calls before = {};        // calls of belayd before such a deployment, and in it
    Calls in_it = {};
  };

  void calibrate();
  [[nodiscard]] Tree tree(const std::string& environment) const;
  [[nodiscard]] unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  std::optional<KillPoint> point_in(const Stand& stand);
  void start_at(const KillPoint& point);
  void calm();
  void strike_at_random(const Stand& stand);
  void stay_away(const std::string& environment);
  void recover(const std::string& environment, const Stand& stand);
  std::string newest(const std::string& environment);
  void look_at_audit(const std::string& run, int code, Kind kind);
  void look_at_hosts(const std::string& environment);
  void look(const std::string& environment, Kind kind, const std::string& version, const std::string& run, int code);

  Train train_;
  std::mt19937 random_;
  std::map<std::string, Stand> stands_;
  unsigned rounds_ = 0;
  unsigned struck_ = 0;   // kills in this round
  bool pending_ = false;  // belayd runs, to die at a point
  unsigned news_ = 0;
  unsigned backs_ = 0;
  unsigned operators_ = 0;
};

}  // namespace belay::test
