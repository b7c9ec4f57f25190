// Runs in a world where everything may go wrong, thousands of them: whatever plan, schedule, faults, deaths and aborts,
// the invariants of docs/step-protocol.md hold and the verdict is true. BELAY_SEED=N replays the story of one seed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "tests/simulation/world/enumerate.hpp"
#include "tests/simulation/world/plans.hpp"

namespace belay::sim {
namespace {

constexpr std::uint64_t stories = 30'000;

struct Told {
  std::string violation;
  Story story;
};

Told one_run(std::uint64_t seed, RunKind kind) {
  const Plan plan = random_plan(seed);
  SeededOracle oracle(seed);
  SimDaemon daemon(plan, kind, oracle);
  Told out;
  try {
    daemon.run();
  } catch (const Violation& violation) {
    out.violation = violation.what();
  }
  out.story = daemon.story();
  return out;
}

class Runs : public testing::TestWithParam<RunKind> {};

TEST_P(Runs, KeepTheInvariants) {
  if (const char* only = std::getenv("BELAY_SEED"); only != nullptr) {
    const Told told = one_run(std::strtoull(only, nullptr, 10), GetParam());
    fmt::print("{}exit {}\n", sim::tell(told.story), told.story.exit_code);
    ASSERT_EQ(told.violation, "");
    return;
  }
  std::map<int, int> exits;
  int crashes = 0;
  int faults = 0;
  for (std::uint64_t seed = 1; seed <= stories; ++seed) {
    const Told told = one_run(seed, GetParam());
    ASSERT_EQ(told.violation, "") << "replay with BELAY_SEED=" << seed << "\n" << sim::tell(told.story);
    ++exits[told.story.exit_code];
    crashes += told.story.crashes;
    faults += told.story.faults;
  }
  // The stories are of all kinds: a generator that has gone dull would prove nothing.
  EXPECT_GT(crashes, 10'000);
  EXPECT_GT(faults, 10'000);
  const std::vector<int> expected = GetParam() == RunKind::deploy ? std::vector{0, 1, 2, 3, 4} : std::vector{0, 1, 3};
  for (const int code : expected) EXPECT_GT(exits[code], 30) << "exit " << code;
}

INSTANTIATE_TEST_SUITE_P(Of, Runs, testing::Values(RunKind::deploy, RunKind::rollback), [](const auto& info) {
  return std::string(info.param == RunKind::deploy ? "deploy" : "rollback");
});

// The same seed is the same story, or a printed seed would be worth nothing.
TEST(Stories, AreDeterministic) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Told first = one_run(seed, RunKind::deploy);
    EXPECT_EQ(first.story.log, one_run(seed, RunKind::deploy).story.log) << seed;
  }
}

}  // namespace
}  // namespace belay::sim
