// Oracle: everything that chance decides in the simulated world. The same oracle gives the same story, event for event.
//
// pick(site, n) answers with a number below n; 0 is always "nothing out of the ordinary". One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

namespace belay::sim {

enum class Site : std::uint8_t {
  turn,   // which host's task goes on
  fault,  // how a call to a host comes out
  crash,  // at each append to the journal: 0 go on, 1 die before it is durable, 2 die after
  fate,   // what becomes of a program whose daemon is gone
  abort,  // before each decision: 1 a person asks to stop
};
inline constexpr std::size_t sites = 5;

class Oracle {
 public:
  Oracle() = default;
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;
  virtual ~Oracle() = default;
  unsigned pick(Site site, unsigned n);
  // How often each site was asked so far.
  [[nodiscard]] std::size_t asked(Site site) const { return asked_[static_cast<std::size_t>(site)]; }

 private:
  virtual unsigned decide(Site site, std::size_t index, unsigned n) = 0;
  std::array<std::size_t, sites> asked_{};
};

// Out of the ordinary once (or never): at the index-th question of one site, `value`. Turns go round when `round`.
class OneOracle final : public Oracle {
 public:
  struct Shot {
    Site site = Site::fault;
    std::size_t index = SIZE_MAX;
    unsigned value = 0;
  };
  explicit OneOracle(Shot shot, bool round = false, unsigned fate = 0) : shot_(shot), round_(round), fate_(fate) {}
  // False when the site was asked less often, or with fewer answers: the enumeration is past its end.
  [[nodiscard]] bool fired() const { return fired_; }

 private:
  unsigned decide(Site site, std::size_t index, unsigned n) override;
  Shot shot_;
  bool round_;
  unsigned fate_;
  bool fired_ = false;
};

// Everything by one seed.
class SeededOracle final : public Oracle {
 public:
  explicit SeededOracle(std::uint64_t seed);

 private:
  unsigned decide(Site site, std::size_t index, unsigned n) override;
  std::mt19937_64 random_;
  unsigned fault_percent_;
  unsigned crash_percent_;
  unsigned abort_percent_;
};

}  // namespace belay::sim
