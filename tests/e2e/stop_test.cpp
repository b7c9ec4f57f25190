// SIGTERM: the daemon stops going forward, says what it leaves, and the next start puts that right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(Stop, GoesNoFurtherSaysWhatItLeftAndTheNextStartEndsTheRun) {
  Train train({{.name = "dev", .hosts = 2}});
  train.start();
  const Tree before = train.apps();
  const std::string run = train.detached({"deploy", train.build(note("1.0", holds_on("dev2") + counts)), "-e", "dev"});
  const auto holding = train.host("dev2").outside / "holding";
  ASSERT_TRUE(until([&] { return slurp(holding).ends_with("\n"); })) << train.log();
  ::kill(train.pid(), SIGTERM);
  ASSERT_TRUE(until([&] { return train.log().find("stopping on SIGTERM") != std::string::npos; }));
  spill(train.host("dev2").outside / "go", "");
  const Outcome stopped = train.stop();
  EXPECT_EQ(stopped.code, 0) << stopped.all();
  EXPECT_THAT(stopped.out,
              HasSubstr("run " + run + " of shop in dev is left going forward; the next start takes it up"));
  EXPECT_THAT(executions(train.host("dev2")), IsEmpty()) << "a further step began after SIGTERM";
  train.start();
  // What it had done when it stopped is known for certain, so the run goes on to its end.
  const Outcome watched = train.belay({"run", "watch", run});
  EXPECT_EQ(watched.code, 0) << watched.all() << train.log();
  EXPECT_EQ(executions(train.host("dev2")), "1.0\n");
  EXPECT_EQ(slurp(train.host("dev1").app / "note"), "note 1.0\n");
  EXPECT_EQ(train.belay({"rollback", "shop", "-e", "dev"}).code, 0);
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
}

TEST(Stop, DoesNotWaitForAStepThatDoesNotEndAndTheNextStartTakesItBack) {
  Train train({{.name = "dev", .hosts = 2}});
  train.start();
  const Tree before = train.apps();
  const std::string run = train.detached({"deploy", train.build(note("1.0", holds_on("dev2") + counts)), "-e", "dev"});
  const auto holding = train.host("dev2").outside / "holding";
  ASSERT_TRUE(until([&] { return slurp(holding).ends_with("\n"); })) << train.log();
  const pid_t step = std::stoi(slurp(holding));
  // Nobody lets the step go: the daemon ends by itself all the same.
  const Outcome stopped = train.stop();
  EXPECT_EQ(stopped.code, 0) << stopped.all();
  EXPECT_THAT(stopped.out,
              HasSubstr("stopping while run " + run + " of shop in dev is under way; the next start takes it up"));
  EXPECT_TRUE(lives(step)) << "what runs on a host is left alone until a daemon decides";
  EXPECT_THAT(executions(train.host("dev2")), IsEmpty()) << "a further step began after SIGTERM";
  train.start();
  const Outcome watched = train.belay({"run", "watch", run});
  EXPECT_EQ(watched.code, 2) << watched.all() << train.log();
  EXPECT_THAT(watched.out, HasSubstr("FAILED, ROLLED BACK, PROVEN"));
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  EXPECT_FALSE(lives(step)) << "the step still runs";
  EXPECT_THAT(executions(train.host("dev2")), IsEmpty());
  EXPECT_EQ(train.json({"status"})["runs_running"], 0);
}

}  // namespace
}  // namespace belay::test
