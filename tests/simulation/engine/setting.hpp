// What all parts of one story share: time, chance, the known mistakes that are switched on, and the journal as a
// witness.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "daemon/model/event.hpp"
#include "tests/simulation/engine/chance.hpp"
#include "tests/simulation/engine/timeline.hpp"

namespace belay::simulated {

// An invariant of docs/step-protocol.md does not hold; the text begins with its name.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The known mistakes. Each must make the suite fail.
struct Switches {
  // hosts
  bool no_fence = false;           // a host accepts every epoch and ends nothing
  bool check_first = false;        // the epoch is compared before the lock is taken
  bool no_directory_sync = false;  // a rename is not followed by a sync of its directory
  bool resnap = false;             // a snapshot is taken again whenever it is asked for
  bool commit_after_fire = false;  // a step is committed although its token was taken
  // the daemon
  bool late_intent = false;      // an intent is journalled together with what comes after it
  bool reapply_unknown = false;  // a new daemon forgets what was begun and not heard of again
};

struct Setting {
  Timeline time = {};
  Chance chance = {};
  Switches switches = {};
  // True when the journal durably holds this event for a host's step, written under this start of the daemon.
  std::function<bool(EventType type, const std::string& host, int step, std::uint64_t start)> journalled = {};
  // Something happened that only a person can mend: a way back that is not proven may be the truth.
  bool hard = false;
  bool tell = false;
  std::vector<std::string> log = {};

  void note(const std::string& text) {
    if (tell) log.push_back(std::to_string(time.now()) + " ms  " + text);
  }
};

}  // namespace belay::simulated
