// Enumerations: all stories with one thing out of the ordinary, and all with a fault and a death after it.
//
// The i-th question of a site is asked for until nobody asks it any more, so a new task or a new append is covered the
// moment it exists.
#pragma once

#include <string>

#include "tests/simulation/world/daemon.hpp"

namespace belay::sim {

struct Enumerated {
  std::size_t stories = 0;
  std::string violation;  // empty: none; else which story, what it broke, and its events
};

// Every question of `site` with every answer, under two orders of turns and two fates of orphaned programs.
[[nodiscard]] Enumerated enumerate(const Plan& plan, RunKind kind, Site site, Mutant mutant = Mutant::none);

// Every fault, and for each of them a death at every append.
[[nodiscard]] Enumerated enumerate_pairs(const Plan& plan, RunKind kind, Mutant mutant = Mutant::none);

// One line per event, indented.
[[nodiscard]] std::string tell(const Story& story);

}  // namespace belay::sim
