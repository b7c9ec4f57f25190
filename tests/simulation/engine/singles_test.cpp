// The real engine and reducer with every single fault, for 3 steps on 2 hosts: none may be left out.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/simulation/engine/drive.hpp"

namespace belay::simulated {
namespace {

// Of the four ways to lose what was not synced in a power cut, two: everything, and every other thing. The rest is told
// by BELAY_SIM_SOAK.
bool is_told(const Shot& shot) { return shot.site != Site::tick || (shot.value != 2 && shot.value != 4); }

void all_singles(Kind kind, std::size_t at_least) {
  const Told told = singles({.kind = kind}, is_told);
  fmt::print("{} stories\n", told.stories);
  EXPECT_EQ(violations(told), "");
  EXPECT_GT(told.stories, at_least);
}

TEST(EverySingleFault, OfADeployment) { all_singles(Kind::deploy, 1000); }
TEST(EverySingleFault, OfAGuardedDeployment) { all_singles(Kind::guarded, 1500); }
TEST(EverySingleFault, OfARollback) { all_singles(Kind::rollback, 200); }

// The store of the product under the same deaths: what it says was durable is what a new daemon finds.
TEST(EverySingleDeath, OverTheRealStore) {
  const Told told = singles({.kind = Kind::deploy_stored}, [](const Shot& shot) { return shot.site == Site::append; });
  fmt::print("{} stories\n", told.stories);
  EXPECT_EQ(violations(told), "");
  EXPECT_GT(told.stories, 100U);
}

// What a failure prints: BELAY_SIM names a story, and this tells it aloud. Without it, the same story twice.
TEST(Replay, TheStoryOfTheEnvironment) {
  const char* const named = std::getenv("BELAY_SIM");
  const std::optional<Plot> plot = parse_plot(named == nullptr ? "guarded message:20:7 tick:90:1" : named);
  ASSERT_TRUE(plot) << "BELAY_SIM is not of the form that a failure prints";
  const Outcome one = tell(*plot, true);
  if (named != nullptr)
    for (const std::string& text : one.log) fmt::print("{}\n", text);
  EXPECT_EQ(one.violation, "");
  const Outcome other = tell(*plot, true);
  EXPECT_EQ(one.log.size(), other.log.size());
  EXPECT_EQ(one.exit_code, other.exit_code);
  EXPECT_EQ(line(*plot), line(*parse_plot(line(*plot))));
}

}  // namespace
}  // namespace belay::simulated
