#include "tests/simulation/world/oracle.hpp"

namespace belay::sim {

unsigned Oracle::pick(Site site, unsigned n) {
  const std::size_t index = asked_[static_cast<std::size_t>(site)]++;
  return n <= 1 ? 0 : decide(site, index, n);
}

unsigned OneOracle::decide(Site site, std::size_t index, unsigned n) {
  if (site == shot_.site && index == shot_.index && shot_.value < n) {
    fired_ = true;
    return shot_.value;
  }
  if (site == Site::turn && round_) return static_cast<unsigned>(index % n);
  if (site == Site::fate) return fate_ % n;
  return 0;
}

SeededOracle::SeededOracle(std::uint64_t seed) : random_(seed) {
  // Calm and wild stories: with few faults runs get far, with many every corner is met.
  constexpr unsigned levels[] = {0, 2, 5, 12, 30};
  fault_percent_ = levels[random_() % 5];
  crash_percent_ = levels[random_() % 4];
  abort_percent_ = random_() % 6 == 0 ? 2 : 0;
}

unsigned SeededOracle::decide(Site site, std::size_t, unsigned n) {
  const auto any = [&] { return static_cast<unsigned>(random_() % n); };
  const auto rare = [&](unsigned percent) {
    return random_() % 100 < percent ? 1 + static_cast<unsigned>(random_() % (n - 1)) : 0;
  };
  switch (site) {
    case Site::turn:
    case Site::fate:
      return any();
    case Site::fault:
      return rare(fault_percent_);
    case Site::crash:
      return rare(crash_percent_);
    case Site::abort:
      return rare(abort_percent_);
  }
  return 0;
}

}  // namespace belay::sim
