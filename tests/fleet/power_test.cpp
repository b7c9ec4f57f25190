// Machines whose power is cut: what was committed is there after the boot, what was on its way goes back and is proven.
//
// BELAY_FLEET_CUTS raises the number of random cuts, BELAY_FLEET_SEED repeats a sequence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "tests/e2e/releases.hpp"
#include "tests/fleet/support/fleet.hpp"
#include "tests/support/kit_host/patience.hpp"

namespace belay::test {
namespace {

using testing::IsEmpty;

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::stoul(text));
}

class Power : public testing::Test {
 protected:
  // 1.0 stands on two machines.
  void SetUp() override {
    train.start();
    // What the test itself put there is on the disks before the first power cut.
    fleet.sync();
    const Outcome first = train.belay({"deploy", train.build(shop("1.0")), "-e", "dev"});
    ASSERT_EQ(first.code, 0) << first.all() << train.log();
  }

  void cut_all() {
    for (const auto& machine : fleet.machines()) machine->power_cut();
    for (const auto& machine : fleet.machines()) machine->power_on();
    for (const auto& machine : fleet.machines()) machine->wait_until_up();
  }

  // Starts a release that hangs in a step on dev2, and waits until it does.
  std::string holding() {
    std::string run = train.detached({"deploy", train.build(note("1.1", holds_on("dev2"))), "-e", "dev"});
    if (!until([&] { return !slurp(train.host("dev2").outside / "holding").empty(); }))
      throw std::runtime_error(train.log());
    return run;
  }

  Fleet fleet{2};
  Train train{{fleet.place()}};
};

TEST_F(Power, WhatWasCommittedIsThereAfterACutOfAllMachines) {
  const Tree before = train.apps();
  cut_all();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  const Outcome same = train.belay({"diff", "shop", "-e", "dev"});
  EXPECT_EQ(same.code, 0) << same.all();
  const Outcome back = train.belay({"rollback", "shop", "-e", "dev"});
  EXPECT_EQ(back.code, 0) << back.all() << train.log();
}

TEST_F(Power, WhatWasPutBackIsThereAfterACutOfAllMachines) {
  fleet.sync();
  const Tree before = train.apps();
  const Outcome broken = train.belay({"deploy", train.build(shop("1.1", fails_on("dev2"))), "-e", "dev"});
  ASSERT_EQ(broken.code, 2) << broken.all() << train.log();
  cut_all();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  EXPECT_EQ(train.belay({"diff", "shop", "-e", "dev"}).code, 0);
}

TEST_F(Power, ACutInAStepWithTheDaemonDeadIsTakenBackAndProvenByItsSuccessor) {
  fleet.sync();
  const Tree before = train.apps();
  const std::string run = holding();
  train.kill();
  fleet.machine(2).power_cut();
  fleet.machine(2).start();
  train.start();
  const Outcome watched = train.belay({"run", "watch", run});
  EXPECT_EQ(watched.code, 2) << watched.all() << train.log();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  EXPECT_EQ(train.json({"proof", run})["proven"], true);
}

TEST_F(Power, ACutInAStepWithTheDaemonAliveIsTakenBackAndProven) {
  fleet.sync();
  const Tree before = train.apps();
  const std::string run = holding();
  fleet.machine(2).power_cut();
  fleet.machine(2).start();
  const Outcome watched = train.belay({"run", "watch", run});
  EXPECT_EQ(watched.code, 2) << watched.all() << train.log();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  EXPECT_EQ(train.json({"proof", run})["proven"], true);
}

// The daemon and one machine fall at the same random instant of a run.
TEST_F(Power, CutsAtRandomInstantsLeaveEveryMachineNewOrAsItWas) {
  const unsigned seed = number_from("BELAY_FLEET_SEED", std::random_device{}());
  const unsigned wanted = number_from("BELAY_FLEET_CUTS", 4);
  SCOPED_TRACE("BELAY_FLEET_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  const auto began = std::chrono::steady_clock::now();
  ASSERT_EQ(train.belay({"deploy", train.build(shop("1.1")), "-e", "dev"}).code, 0) << train.log();
  const auto usual = std::chrono::steady_clock::now() - began;
  for (unsigned cut = 1; cut <= wanted; ++cut) {
    fleet.sync();
    const Tree before = train.apps();
    const std::string version = "2." + std::to_string(cut);
    const std::string run = train.detached({"deploy", train.build(shop(version)), "-e", "dev"});
    let_run(std::chrono::duration_cast<std::chrono::microseconds>(usual *
                                                                  std::uniform_real_distribution(0.0, 1.1)(random)));
    Machine& victim = fleet.machine(1 + static_cast<int>(random() % 2));
    train.kill();
    victim.power_cut();
    victim.start();
    train.start();
    const Outcome watched = train.belay({"run", "watch", run});
    SCOPED_TRACE(fmt::format("cut {} of {}\n{}\n{}", cut, victim.name(), watched.all(), train.log()));
    if (watched.code == 0) {
      for (const TrainHost& host : train.hosts()) ASSERT_TRUE(stands(host, version)) << host.name;
    } else {
      ASSERT_THAT(watched.code, testing::AnyOf(1, 2));
      ASSERT_THAT(differences(before, train.apps()), IsEmpty());
    }
    ASSERT_EQ(train.belay({"diff", "shop", "-e", "dev"}).code, 0);
    if (watched.code == 2) {
      const std::string digest = train.json({"run", "show", run})["run"]["package"];
      static_cast<void>(train.belay({"block", "lift", digest, "-e", "dev", "--reason", "the power was cut"}));
    }
  }
}

}  // namespace
}  // namespace belay::test
