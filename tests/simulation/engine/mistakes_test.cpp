// The suite must find bugs: each known mistake, switched on, has to be caught by the stories that the product survives.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/simulation/engine/drive.hpp"

namespace belay::simulated {
namespace {

Wanted at(Site site) {
  return [site](const Shot& shot) { return shot.site == site; };
}
Wanted at(Site site, unsigned value) {
  return [=](const Shot& shot) { return shot.site == site && shot.value == value; };
}
constexpr unsigned cut_after_arrival = 3;
constexpr unsigned away_for_long = 7;
constexpr unsigned stands_still = 6;

// The first violation says so.
void expect_caught(const Told& told, const std::string& invariant) {
  ASSERT_FALSE(told.violations.empty()) << "no story of " << told.stories << " finds this mistake";
  fmt::print("caught by story {}: {}\n", told.stories, told.violations[0]);
  EXPECT_NE(told.violations[0].find("   " + invariant), std::string::npos) << violations(told);
}

TEST(Mistakes, NoFence) { expect_caught(singles({.switches = {.no_fence = true}}, at(Site::message)), "I5"); }

TEST(Mistakes, NoDirectorySync) { expect_caught(singles({.switches = {.no_directory_sync = true}}), "I1"); }

TEST(Mistakes, SnapshotTakenAgain) { expect_caught(singles({.switches = {.resnap = true}}, at(Site::append)), "R4"); }

TEST(Mistakes, IntentAfterTheEffect) { expect_caught(singles({.switches = {.late_intent = true}}), "I3"); }

TEST(Mistakes, BegunAgainAlthoughUnknown) {
  expect_caught(singles({.switches = {.reapply_unknown = true}}, at(Site::append)), "R5");
}

// A call stands still between its two looks while its connection ends and the host is fenced.
TEST(Mistakes, EpochComparedBeforeTheLock) {
  const auto told = [](bool mistake) {
    return pairs({.switches = {.check_first = mistake}}, at(Site::message, cut_after_arrival),
                 at(Site::tick, stands_still), 6);
  };
  expect_caught(told(true), "I5");
  EXPECT_EQ(violations(told(false)), "");
}

// A commit stands still while the network is away, until the dead-man has taken the step back.
TEST(Mistakes, CommittedAfterTheSwitchFired) {
  const auto told = [](bool mistake) {
    return pairs({.kind = Kind::guarded, .switches = {.commit_after_fire = mistake}}, at(Site::message, away_for_long),
                 at(Site::tick, stands_still), 6);
  };
  expect_caught(told(true), "I7");
  EXPECT_EQ(violations(told(false)), "");
}

}  // namespace
}  // namespace belay::simulated
