// Chance: everything that fate decides in the simulated world. The same shots (or the same seed) give the same story,
// event for event.
//
// The world asks at every point where something may go wrong; 0 is always "nothing out of the ordinary". A story is
// named by its shots alone, in the text form that parse() reads: "append:12:1 tick:40:2" is the 12th append answered
// with 1 and the 40th tick with 2 (counted from 0). One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace belay::simulated {

enum class Site : std::uint8_t {
  append,   // a write to the journal: the daemon dies before it is durable, or after
  message,  // a call to a host: lost, late, cut, or the daemon dies with it under way
  open,     // a connection is made: refused, or another machine answers
  tick,     // a host's process is about to do its next thing: power cut, kill, stall, full disk
  script,   // an op's script runs: how it ends
  hand,     // somebody else's hand on a host: a file edited, a snapshot damaged, a lie about an outcome
  abort,    // a person asks the run to stop
};
inline constexpr std::size_t sites = 7;

struct Shot {
  Site site = Site::append;
  std::size_t index = 0;
  unsigned value = 0;
  bool operator==(const Shot&) const = default;
};

[[nodiscard]] std::string to_text(const std::vector<Shot>& shots);
// nullopt when it is not of the form above.
[[nodiscard]] std::optional<std::vector<Shot>> parse_shots(std::string_view text);

class Chance {
 public:
  Chance() = default;
  explicit Chance(std::vector<Shot> shots) : shots_(std::move(shots)) {}
  // Everything by one seed: a few shots wherever they fall.
  explicit Chance(std::uint64_t seed) : random_(seed) {}

  // Below n. While `mute`, always 0 and not counted: what is told before the story begins.
  unsigned ask(Site site, unsigned n);
  bool mute = false;

  // What was asked so far, per site: with how many answers.
  [[nodiscard]] const std::vector<unsigned>& asked(Site site) const { return asked_[static_cast<std::size_t>(site)]; }
  // The answers other than 0 that were given, in order; and how much had been asked at each site when the last was.
  [[nodiscard]] const std::vector<Shot>& given() const { return given_; }
  [[nodiscard]] const std::array<std::size_t, sites>& at_last() const { return at_last_; }

 private:
  std::vector<Shot> shots_;
  std::optional<std::mt19937_64> random_;
  std::array<std::vector<unsigned>, sites> asked_;
  std::vector<Shot> given_;
  std::array<std::size_t, sites> at_last_{};
};

}  // namespace belay::simulated
