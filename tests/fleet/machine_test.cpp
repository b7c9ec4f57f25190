// What the other tests of the fleet stand on: that the machines are machines, and that their faults are faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/fleet/support/fleet.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

double uptime_in(const std::string& text) { return std::stod(text.substr(0, text.find(' '))); }

TEST(Machine, IsAWholeDebianWithAnInitANetworkAndATimeOfItsOwn) {
  Fleet fleet(2);
  Machine& one = fleet.machine(1);
  Machine& two = fleet.machine(2);
  EXPECT_THAT(one.ask({"cat", "/etc/os-release"}), HasSubstr("VERSION_ID=\"12\""));
  EXPECT_EQ(one.ask({"cat", "/proc/1/comm"}), "systemd\n");
  EXPECT_TRUE(until([&] { return one.run({"systemctl", "is-system-running"}).out == "running\n"; }))
      << one.ask({"systemctl", "--failed"});
  EXPECT_EQ(one.ask({"systemctl", "is-active", "demo.service"}), "active\n");
  EXPECT_EQ(one.ask({"hostname"}), "dev1\n");
  EXPECT_THAT(one.ask({"ip", "-brief", "address"}), HasSubstr("10.77.0.11/24"));
  EXPECT_NE(one.boot_id(), two.boot_id());
  EXPECT_NE(one.host_key(), two.host_key());
  EXPECT_LT(uptime_in(one.ask({"cat", "/proc/uptime"})), uptime_in(slurp("/proc/uptime")));

  // One falls, the other does not notice.
  const std::string other = two.boot_id();
  one.power_cut();
  one.start();
  EXPECT_EQ(two.boot_id(), other);
  EXPECT_EQ(two.ask({"systemctl", "is-active", "demo.service"}), "active\n");
}

TEST(Machine, ForgetsInAPowerCutWhatWasNotSyncedAndNothingElse) {
  Fleet fleet(1);
  Machine& machine = fleet.machine(1);
  const std::string boot = machine.boot_id();
  machine.ask({"sh", "-c", "echo old >/srv/replaced && echo kept >/srv/kept && sync"});
  machine.ask(
      {"sh", "-c", "echo new >/srv/replaced.new && mv /srv/replaced.new /srv/replaced && echo lost >/srv/lost"});
  machine.ask({"sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $! >/run/left"});
  EXPECT_EQ(slurp(machine.disk().at() / "srv/lost"), "lost\n");
  machine.power_cut();
  EXPECT_FALSE(machine.running());
  machine.start();
  EXPECT_NE(machine.boot_id(), boot);
  EXPECT_EQ(machine.ask({"cat", "/srv/kept"}), "kept\n");
  EXPECT_EQ(machine.ask({"cat", "/srv/replaced"}), "old\n");
  EXPECT_FALSE(fs::exists(machine.disk().at() / "srv/lost"));
  EXPECT_NE(machine.run({"pgrep", "-x", "sleep", "--full", "sleep 1000"}).code, 0) << "a process survived";
}

TEST(Machine, KeepsEverythingWhenItIsShutDownInOrder) {
  Fleet fleet(1);
  Machine& machine = fleet.machine(1);
  const std::string boot = machine.boot_id();
  machine.ask({"sh", "-c", "echo written >/srv/file"});
  machine.reboot();
  EXPECT_NE(machine.boot_id(), boot);
  EXPECT_EQ(machine.ask({"cat", "/srv/file"}), "written\n");
}

TEST(Machine, RunsOutOfRoomAndGetsItBack) {
  Fleet fleet(1);
  Machine& machine = fleet.machine(1);
  machine.disk().fill(1 << 20);
  const Outcome full = machine.run({"dd", "if=/dev/zero", "of=/srv/big", "bs=1M", "count=8"});
  EXPECT_NE(full.code, 0);
  EXPECT_THAT(full.err, HasSubstr("No space left on device"));
  machine.disk().give_back();
  machine.ask({"dd", "if=/dev/zero", "of=/srv/big", "bs=1M", "count=8"});
}

TEST(Machine, CanNoLongerWriteAfterAnErrorOfItsDiskUntilItIsBootedAgain) {
  Fleet fleet(1);
  Machine& machine = fleet.machine(1);
  machine.disk().fail();
  const Outcome refused = machine.run({"touch", "/srv/file"});
  EXPECT_NE(refused.code, 0);
  EXPECT_THAT(refused.err, HasSubstr("Read-only file system"));
  machine.power_cut();
  machine.start();
  machine.ask({"touch", "/srv/file"});
}

TEST(Machine, BelievesAnotherWallClockWhileItsUptimeGoesOn) {
  Fleet fleet(1);
  Machine& machine = fleet.machine(1);
  const auto clock = [&] { return std::stol(machine.ask({"date", "+%s"})); };
  const auto before = clock();
  const double up = uptime_in(machine.ask({"cat", "/proc/uptime"}));
  machine.step_clock(std::chrono::hours(-240));
  EXPECT_LT(clock(), before - 200 * 3600);
  machine.step_clock(std::chrono::hours(240));
  EXPECT_GT(clock(), before + 200 * 3600);
  machine.step_clock(std::chrono::hours(0));
  const auto after = clock();
  EXPECT_GE(after, before);
  EXPECT_LT(after, before + 3600);
  EXPECT_GE(uptime_in(machine.ask({"cat", "/proc/uptime"})), up);
}

}  // namespace
}  // namespace belay::test
