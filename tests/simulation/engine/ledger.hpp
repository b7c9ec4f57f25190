// Ledger: the journal as a witness. It hears of every event when it is durable, keeps them, and throws Violation when
// their order breaks a rule that can be seen in the journal alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/event.hpp"
#include "tests/simulation/engine/setting.hpp"

namespace belay::simulated {

class Ledger {
 public:
  void durable(const Event& event);
  // `start` is the daemon's start counter that wrote it.
  [[nodiscard]] bool has(EventType type, const std::string& host, int step, std::uint64_t start) const;
  [[nodiscard]] bool has(EventType type) const;
  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  // The run that was created last: its id, and its end once there is one.
  [[nodiscard]] const std::string& run() const { return run_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] int exit_code() const { return exit_code_; }

  std::function<void(const Event&)> also = {};  // what else wants to look at each event
  // Takes over what another one has heard.
  void become(const Ledger& other);

 private:
  using Key = std::pair<std::string, int>;
  std::vector<Event> events_;  // of the run
  std::string run_;
  bool ended_ = false;
  bool back_ = false;
  int exit_code_ = -1;
  std::uint64_t start_ = 0;
  std::set<Key> begun_;    // applies whose end nobody knows
  std::set<Key> unknown_;  // of those: begun before the host was fenced again
};

}  // namespace belay::simulated
