// Three whole machines: forward in batches, back byte for byte, and a network that breaks on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/releases.hpp"
#include "tests/fleet/support/fleet.hpp"

namespace belay::test {
namespace {

using testing::IsEmpty;

TEST(FleetDeploy, CommitsOnEveryMachineAndTakesABrokenReleaseBackByteForByte) {
  Fleet fleet(3);
  Train train({fleet.place()});
  train.start();
  const Outcome first = train.belay({"deploy", train.build(shop("1.0", "", "[1, 2]")), "-e", "dev"});
  ASSERT_EQ(first.code, 0) << first.all() << train.log();
  for (const TrainHost& host : train.hosts()) EXPECT_TRUE(stands(host, "1.0")) << host.name;

  const Tree before = train.apps();
  const Outcome broken = train.belay({"deploy", train.build(shop("1.1", fails_on("dev3"), "[1, 2]")), "-e", "dev"});
  EXPECT_EQ(broken.code, 2) << broken.all() << train.log();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  for (const TrainHost& host : train.hosts()) EXPECT_EQ(executions(host), "1.0\n1.1\n") << host.name;
}

TEST(FleetDeploy, AConnectionThatIsCutInAStepCostsTheRunAndNothingElse) {
  Fleet fleet(2);
  Train train({fleet.place()});
  train.start();
  ASSERT_EQ(train.belay({"deploy", train.build(note("1.0")), "-e", "dev"}).code, 0) << train.log();
  const Tree before = train.apps();
  const std::string run = train.detached({"deploy", train.build(note("1.1", holds_on("dev2"))), "-e", "dev"});
  ASSERT_TRUE(until([&] { return !slurp(train.host("dev2").outside / "holding").empty(); })) << train.log();
  fleet.machine(2).proxy().set({.kind = Fault::Kind::rst, .direction = Fault::Direction::to_client});
  // The way stays cut until the daemon has noticed.
  ASSERT_TRUE(until([&] {
    for (const auto& host : train.json({"run", "show", run})["hosts"])
      if (host["state"] == "going-back" || host["state"] == "back") return true;
    return false;
  })) << train.belay({"run", "show", run}).all();
  fleet.machine(2).proxy().set({});
  const Outcome watched = train.belay({"run", "watch", run});
  EXPECT_EQ(watched.code, 2) << watched.all() << train.log();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
}

}  // namespace
}  // namespace belay::test
