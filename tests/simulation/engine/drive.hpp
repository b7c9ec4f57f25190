// Drive: many stories. All with one thing out of the ordinary, pairs of such things, and seeds.
//
// The questions of a story are found by telling it, so a new message, a new append or a new op is covered the moment it
// exists. Not for threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/simulation/engine/story.hpp"

namespace belay::simulated {

struct Told {
  std::size_t stories = 0;
  // One line per story that broke an invariant: which one, and what replays it. At most a few.
  std::vector<std::string> violations = {};
  [[nodiscard]] bool enough() const { return violations.size() >= 5; }
};

// Tells it and adds it up.
Outcome tell_into(Told& told, const Plot& plot);

// Every question of the plot's story from `from` on (per site) with every answer; `wanted` narrows.
using Wanted = std::function<bool(const Shot&)>;
[[nodiscard]] std::vector<Shot> shots_of(const Chance& chance, const std::array<std::size_t, sites>& from,
                                         const Wanted& wanted = {});

// Every story with exactly one shot.
[[nodiscard]] Told singles(const Plot& plot, const Wanted& wanted = {});
// For each of the first shots, every second one after it, or only those within `reach` ticks of a host.
[[nodiscard]] Told pairs(const Plot& plot, const Wanted& first, const Wanted& second, std::size_t reach);
// Pairs and seeds by chance, until the time is up or `most` are told.
[[nodiscard]] Told random_pairs(const Plot& plot, std::uint64_t seed, std::size_t most, std::chrono::seconds time);
[[nodiscard]] Told random_stories(const Plot& plot, std::uint64_t seed, std::size_t most, std::chrono::seconds time);

// All of it, as one text for an assertion: empty when nothing was broken.
[[nodiscard]] std::string violations(const Told& told);

}  // namespace belay::simulated
