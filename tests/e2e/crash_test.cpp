// kill -9 of the daemon at numbered points and at random instants, again and again: every run ends by itself after the
// restart, every host stands entirely new and verified or byte for byte as before, or is said to need an operator with
// its snapshots kept; no step ever ran twice, and the journal says what the hosts show.
//
// BELAY_E2E_KILLS is the number of kills (40), BELAY_E2E_SEED repeats a sequence of choices.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/e2e/releases.hpp"
#include "tests/e2e/siege.hpp"

namespace belay::test {
namespace {

using testing::IsEmpty;

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::stoul(text));
}

TEST(Crash, AtNumberedPointsAndRandomInstantsLeavesNothingHalfAndRunsNothingTwice) {
  const unsigned seed = number_from("BELAY_E2E_SEED", std::random_device{}());
  const unsigned wanted = number_from("BELAY_E2E_KILLS", 40);
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("BELAY_E2E_SEED=" + std::to_string(seed));
  Siege siege(seed);
  bool good = siege.operator_round();
  while (good && siege.kills() < wanted) good = siege.round();
  RecordProperty("count", siege.count());
  std::cout << siege.count() << ", seed " << seed << std::endl;
  EXPECT_GE(siege.kills(), wanted) << "cut short";
}

class CrashOver : public OverTransports {};
INSTANTIATE_TEST_SUITE_P(Each, CrashOver, every_transport, name_of_transport);

TEST_P(CrashOver, InTheMiddleOfAStepTakesTheStepBackAndEndsWhatItStarted) {
  Train train({{.name = "dev", .hosts = 2, .transport = GetParam()}});
  train.start();
  const Tree before = train.apps();
  const std::string run = train.detached({"deploy", train.build(note("1.0", holds_on("dev2"))), "-e", "dev"});
  const auto holding = train.host("dev2").outside / "holding";
  ASSERT_TRUE(until([&] { return slurp(holding).ends_with("\n"); })) << train.log();
  const pid_t step = std::stoi(slurp(holding));
  train.kill();
  EXPECT_TRUE(lives(step)) << "a step outlives the daemon; only its successor decides";
  train.start();
  const Outcome watched = train.belay({"run", "watch", run});
  EXPECT_EQ(watched.code, 2) << watched.all() << train.log();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  EXPECT_FALSE(lives(step)) << "the step still runs";
}

}  // namespace
}  // namespace belay::test
