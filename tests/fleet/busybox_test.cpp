// A machine with BusyBox, flock and sshd and nothing else: forward, back, and through a power cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/e2e/releases.hpp"
#include "tests/fleet/support/fleet.hpp"

namespace belay::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// BusyBox tar keeps times to the second, as manifests do (docs/host-protocol.md); everything else is compared to the
// bit.
Tree to_the_second(const Tree& tree) {
  static const std::regex fraction("(mtime=[0-9]+)\\.[0-9]+");
  Tree out;
  for (const auto& [path, entry] : tree) out[path] = std::regex_replace(entry, fraction, "$1");
  return out;
}

class Busybox : public testing::Test {
 protected:
  void SetUp() override {
    train.start();
    fleet.sync();
    const Outcome first = train.belay({"deploy", train.build(shop("1.0")), "-e", "dev"});
    ASSERT_EQ(first.code, 0) << first.all() << train.log();
  }

  Fleet fleet{2, Machine::Kind::busybox};
  Train train{{fleet.place()}};
};

TEST_F(Busybox, HasNoOtherTools) {
  Machine& machine = fleet.machine(1);
  EXPECT_EQ(machine.ask({"cat", "/proc/1/comm"}), "init\n");
  EXPECT_EQ(machine.ask({"readlink", "/bin/sh"}), "/bin/busybox\n");
  EXPECT_NE(machine.run({"getfacl", "/"}).code, 0);
  const Outcome checked = train.belay({"env", "check", "dev"});
  EXPECT_EQ(checked.code, 0) << checked.all();
}

TEST_F(Busybox, GoesForwardAndComesBackByteForByte) {
  for (const TrainHost& host : train.hosts()) EXPECT_TRUE(stands(host, "1.0")) << host.name;
  const Tree before = to_the_second(train.apps());
  const Outcome broken = train.belay({"deploy", train.build(shop("1.1", fails_on("dev2"))), "-e", "dev"});
  EXPECT_EQ(broken.code, 2) << broken.all() << train.log();
  EXPECT_THAT(differences(before, to_the_second(train.apps())), IsEmpty());
}

TEST_F(Busybox, APowerCutInAStepIsTakenBackAndProven) {
  fleet.sync();
  const Tree before = to_the_second(train.apps());
  const std::string run = train.detached({"deploy", train.build(note("1.1", holds_on("dev2"))), "-e", "dev"});
  ASSERT_TRUE(until([&] { return !slurp(train.host("dev2").outside / "holding").empty(); })) << train.log();
  train.kill();
  fleet.machine(2).power_cut();
  fleet.machine(2).start();
  train.start();
  const Outcome watched = train.belay({"run", "watch", run});
  EXPECT_EQ(watched.code, 2) << watched.all() << train.log();
  EXPECT_THAT(differences(before, to_the_second(train.apps())), IsEmpty());
}

}  // namespace
}  // namespace belay::test
