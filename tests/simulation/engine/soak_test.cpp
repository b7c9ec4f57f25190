// Two faults, and many by a seed. `make test` tells some of them, always the same; with BELAY_SIM_SOAK=SECONDS as many
// as fit into that time, from the seed BELAY_SIM_SEED (or 1) on, and with BELAY_SIM_SOAK=all every pair there is.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <string>

#include "tests/simulation/engine/drive.hpp"

namespace belay::simulated {
namespace {

constexpr Kind kinds[] = {Kind::deploy, Kind::guarded, Kind::rollback};

struct Effort {
  std::size_t most = 120;  // stories of each kind
  std::chrono::seconds time = std::chrono::hours(24);
  std::uint64_t seed = 1;
  bool all = false;
};

Effort effort() {
  Effort out;
  if (const char* const seed = std::getenv("BELAY_SIM_SEED")) out.seed = std::stoull(seed);
  const char* const soak = std::getenv("BELAY_SIM_SOAK");
  if (soak == nullptr) return out;
  out.most = std::numeric_limits<std::size_t>::max();
  out.all = std::string(soak) == "all";
  if (!out.all) out.time = std::chrono::seconds(std::stoul(soak)) / 6;  // three kinds, pairs and seeds
  return out;
}

TEST(Soak, PairsOfFaults) {
  const Effort how = effort();
  for (const Kind kind : kinds) {
    const Plot plot{.kind = kind};
    const Told told = how.all ? pairs(plot, {}, {}, std::numeric_limits<std::size_t>::max() / 2)
                              : random_pairs(plot, how.seed, how.most, how.time);
    fmt::print("{}: {} stories with {}pairs of faults, seed {}\n", line(plot), told.stories, how.all ? "all " : "",
               how.seed);
    EXPECT_EQ(violations(told), "");
  }
}

TEST(Soak, RandomStories) {
  const Effort how = effort();
  for (const Kind kind : kinds) {
    const Plot plot{.kind = kind};
    const Told told = random_stories(plot, how.seed, how.all ? 100'000 : how.most, how.time);
    fmt::print("{}: {} random stories from seed {} on\n", line(plot), told.stories, how.seed);
    EXPECT_EQ(violations(told), "");
  }
}

}  // namespace
}  // namespace belay::simulated
