#include "tests/simulation/engine/drive.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <random>

namespace belay::simulated {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

std::string replay(const Plot& plot) {
  return fmt::format("BELAY_SIM='{}' {}/tests/simulation/engine/simulation_engine --gtest_filter='Replay.*'",
                     line(plot), BELAY_BUILD_DIR);
}

// A check of the product that ends the process (BELAY_CHECK) must not take the story's name with it.
std::string being_told;
void on_abort(int /*signal*/) {
  const ssize_t ignored = ::write(STDERR_FILENO, being_told.data(), being_told.size());
  static_cast<void>(ignored);
}

std::vector<Shot> all_shots(const Plot& plot, const Wanted& wanted) { return shots_of(tell(plot).chance, {}, wanted); }

Plot with(const Plot& plot, std::vector<Shot> shots) {
  Plot out = plot;
  out.shots = std::move(shots);
  return out;
}

}  // namespace

Outcome tell_into(Told& told, const Plot& plot) {
  static const bool installed = std::signal(SIGABRT, on_abort) != SIG_ERR;
  static_cast<void>(installed);
  being_told = "the story that was being told: " + replay(plot) + '\n';
  Outcome out = tell(plot);
  ++told.stories;
  if (!out.violation.empty()) told.violations.push_back(fmt::format("{}   {}", replay(plot), out.violation));
  return out;
}

std::vector<Shot> shots_of(const Chance& chance, const std::array<std::size_t, sites>& from, const Wanted& wanted) {
  std::vector<Shot> out;
  for (std::size_t site = 0; site < sites; ++site) {
    const std::vector<unsigned>& asked = chance.asked(static_cast<Site>(site));
    for (std::size_t index = from[site]; index < asked.size(); ++index)
      for (unsigned value = 1; value < asked[index]; ++value)
        if (const Shot shot{static_cast<Site>(site), index, value}; !wanted || wanted(shot)) out.push_back(shot);
  }
  return out;
}

Told singles(const Plot& plot, const Wanted& wanted) {
  Told told;
  const Outcome plain = tell_into(told, plot);
  for (const Shot& shot : shots_of(plain.chance, {}, wanted)) {
    if (told.enough()) break;
    tell_into(told, with(plot, {shot}));
  }
  return told;
}

Told pairs(const Plot& plot, const Wanted& first, const Wanted& second, std::size_t reach) {
  Told told;
  for (const Shot& one : all_shots(plot, first)) {
    const Outcome alone = tell_into(told, with(plot, {one}));
    const auto& from = alone.chance.at_last();
    for (const Shot& other : shots_of(alone.chance, from, second)) {
      if (told.enough()) return told;
      if (other.index >= from[static_cast<std::size_t>(other.site)] + reach) continue;
      tell_into(told, with(plot, {one, other}));
    }
  }
  return told;
}

Told random_pairs(const Plot& plot, std::uint64_t seed, std::size_t most, std::chrono::seconds time) {
  Told told;
  std::mt19937_64 random(seed);
  const SteadyTime end = std::chrono::steady_clock::now() + time;
  const std::vector<Shot> firsts = all_shots(plot, {});
  while (told.stories < most && !told.enough() && std::chrono::steady_clock::now() < end) {
    const Shot& one = firsts[random() % firsts.size()];
    const Outcome alone = tell_into(told, with(plot, {one}));
    const std::vector<Shot> seconds = shots_of(alone.chance, alone.chance.at_last(), {});
    for (int i = 0; i < 20 && !seconds.empty() && told.stories < most; ++i)
      tell_into(told, with(plot, {one, seconds[random() % seconds.size()]}));
  }
  return told;
}

Told random_stories(const Plot& plot, std::uint64_t seed, std::size_t most, std::chrono::seconds time) {
  Told told;
  const SteadyTime end = std::chrono::steady_clock::now() + time;
  for (Plot one = plot; told.stories < most && !told.enough() && std::chrono::steady_clock::now() < end; ++seed) {
    one.seed = seed;
    tell_into(told, one);
  }
  return told;
}

std::string violations(const Told& told) {
  std::string out;
  for (const std::string& one : told.violations) out += one + '\n';
  return out;
}

}  // namespace belay::simulated
