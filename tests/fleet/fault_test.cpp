// Faults of a machine in the middle of a run: no room, a disk that takes no write any more, a clock that jumps.
// Whatever could not be put back at once is put back when the machine can write again, and nothing is lost in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/releases.hpp"
#include "tests/fleet/support/fleet.hpp"

namespace belay::test {
namespace {

using testing::AnyOf;
using testing::IsEmpty;

// 1.0 stands on two machines, and 1.1 hangs in a step on the second.
class MachineFault : public testing::Test {
 protected:
  void SetUp() override {
    train.start();
    fleet.sync();
    const Outcome first = train.belay({"deploy", train.build(shop("1.0")), "-e", "dev"});
    ASSERT_EQ(first.code, 0) << first.all() << train.log();
    fleet.sync();
    before = train.apps();
    run = train.detached({"deploy", train.build(shop("1.1", holds_on("dev2") + last)), "-e", "dev"});
    ASSERT_TRUE(until([&] { return !slurp(train.host("dev2").outside / "holding").empty(); })) << train.log();
  }

  // The way back, taken again after the machine was mended, leads to where the run began.
  void comes_back_again() {
    const Outcome back = train.belay({"rollback", run});
    EXPECT_EQ(back.code, 0) << back.all() << train.log();
    EXPECT_THAT(differences(before, train.apps()), IsEmpty());
    EXPECT_EQ(train.belay({"diff", "shop", "-e", "dev"}).code, 0);
  }

  const std::string last = "- name: Last\n  file: {content: \"{{ version }}\\n\", to: \"{{ root }}/last\"}\n";
  Fleet fleet{2};
  Train train{{fleet.place()}};
  Tree before;
  std::string run;
};

TEST_F(MachineFault, AFullDiskInApplyLosesNoWayBack) {
  fleet.machine(2).disk().fill(0);
  spill(train.host("dev2").outside / "go", "");  // an empty file needs no room
  const Outcome watched = train.belay({"run", "watch", run});
  EXPECT_THAT(watched.code, AnyOf(2, 3)) << watched.all() << train.log();
  fleet.machine(2).disk().give_back();
  if (watched.code == 3) comes_back_again();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty()) << watched.all();
}

TEST_F(MachineFault, ADiskThatTakesNoWriteInApplyLosesNoWayBack) {
  fleet.machine(2).disk().fail();
  const Outcome aborted = train.belay({"run", "abort", run, "--reason", "the disk is broken"});
  EXPECT_EQ(aborted.code, 0) << aborted.all();
  const Outcome watched = train.belay({"run", "watch", run});
  EXPECT_EQ(watched.code, 3) << watched.all() << train.log();
  fleet.machine(2).power_cut();
  fleet.machine(2).start();
  comes_back_again();
}

TEST_F(MachineFault, AClockThatJumpsInApplyChangesNothing) {
  fleet.machine(2).step_clock(std::chrono::hours(-240));
  spill(train.host("dev2").outside / "go", "");
  const Outcome watched = train.belay({"run", "watch", run});
  EXPECT_EQ(watched.code, 0) << watched.all() << train.log();
  fleet.machine(2).step_clock(std::chrono::hours(240));
  const Outcome back = train.belay({"rollback", "shop", "-e", "dev"});
  EXPECT_EQ(back.code, 0) << back.all() << train.log();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
}

}  // namespace
}  // namespace belay::test
