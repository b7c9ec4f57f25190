#include "tests/simulation/engine/chance.hpp"

#include <fmt/format.h>

#include <charconv>

namespace belay::simulated {
namespace {

constexpr std::array<std::string_view, sites> names{"append", "message", "open", "tick", "script", "hand", "abort"};
// One question in so many is answered with a fault when a seed decides: a story has some fifty appends, as many
// messages and several hundred ticks.
constexpr std::array<unsigned, sites> rarity{70, 60, 60, 500, 40, 400, 400};
constexpr std::size_t most_random = 6;

}  // namespace

std::string to_text(const std::vector<Shot>& shots) {
  std::string out;
  for (const Shot& shot : shots)
    out += fmt::format("{}{}:{}:{}", out.empty() ? "" : " ", names[static_cast<std::size_t>(shot.site)], shot.index,
                       shot.value);
  return out;
}

std::optional<std::vector<Shot>> parse_shots(std::string_view text) {
  std::vector<Shot> out;
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word.empty()) continue;
    const std::size_t colon = word.find(':');
    Shot shot;
    std::size_t site = 0;
    while (site < sites && names[site] != word.substr(0, colon)) ++site;
    if (site == sites) return std::nullopt;
    shot.site = static_cast<Site>(site);
    const char* end = word.data() + word.size();
    const auto [middle, error] = std::from_chars(word.data() + colon + 1, end, shot.index);
    if (error != std::errc{} || middle == end || *middle != ':') return std::nullopt;
    const auto [stop, second] = std::from_chars(middle + 1, end, shot.value);
    if (second != std::errc{} || stop != end) return std::nullopt;
    out.push_back(shot);
  }
  return out;
}

unsigned Chance::ask(Site site, unsigned n) {
  if (mute || n < 2) return 0;
  const auto at = static_cast<std::size_t>(site);
  const std::size_t index = asked_[at].size();
  asked_[at].push_back(n);
  unsigned value = 0;
  if (random_) {
    if (given_.size() < most_random && (*random_)() % rarity[at] == 0)
      value = 1 + static_cast<unsigned>((*random_)() % (n - 1));
  } else {
    for (const Shot& shot : shots_)
      if (shot.site == site && shot.index == index && shot.value < n) value = shot.value;
  }
  if (value == 0) return 0;
  given_.push_back({site, index, value});
  for (std::size_t i = 0; i < sites; ++i) at_last_[i] = asked_[i].size();
  return value;
}

}  // namespace belay::simulated
