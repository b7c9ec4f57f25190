// Belay as it is installed: the install rules, the shipped unit under a real systemd, its account and its directories,
// an operator who is not root, and a daemon that falls, hangs and is stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/e2e/releases.hpp"
#include "tests/fleet/support/fleet.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// What a program needs to run stands on the machine as well: the machines have no libraries that only Belay uses.
void take_libraries(Machine& machine, const fs::path& program) {
  std::istringstream lines(run({"/usr/bin/ldd", program}));
  for (std::string word; lines >> word;) {
    if (!word.starts_with("/")) continue;
    const fs::path to = machine.disk().at() / word.substr(1);
    if (fs::exists(to)) continue;
    fs::create_directories(to.parent_path());
    fs::copy_file(word, to);
  }
}

// Machine 1 has Belay installed by the build's own rules, configured by docs/operators.md; machine 2 is a host.
class Install : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path root = machine.disk().at();
    run({"/usr/bin/env", "DESTDIR=" + root.string(), "cmake", "--install", BELAY_BUILD_DIR, "--prefix", "/usr/local"});
    for (const char* program : {"bin/belayd", "bin/belay", "libexec/belay/belay-ssh"})
      take_libraries(machine, root / "usr/local" / program);
    machine.ask({"ldconfig"});
    // The sanitizers of a test build look for what the unit forbids. The watchdog of the shipped unit takes a minute.
    spill(root / "etc/systemd/system/belayd.service.d/test.conf",
          "[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0:disable_coredump=0\nWatchdogSec=3\nTimeoutAbortSec=5\n");
    machine.ask({"systemd-sysusers"});
    machine.ask({"systemd-tmpfiles", "--create"});
    machine.ask({"useradd", "--create-home", "--groups", "belay-operators", "ann"});
    spill(root / "etc/belay/belayd.yaml", "socket_group: belay-operators\n");
    spill(root / "etc/belay/environments.yaml",
          "environments:\n  dev: {tier: development, user: root, key: /etc/belay/keys/dev}\n");
    machine.ask({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/belay/keys/dev"});
    machine.ask({"chown", "belay:belay", "/etc/belay/keys/dev", "/etc/belay/keys/dev.pub"});
    spill(host.disk().at() / "root/.ssh/authorized_keys", "restrict " + slurp(root / "etc/belay/keys/dev.pub"));
    machine.ask({"systemctl", "daemon-reload"});
    const Outcome started = machine.run({"systemctl", "enable", "--now", "belayd"});
    ASSERT_EQ(started.code, 0) << started.all() << journal();
  }

  std::string journal() { return machine.run({"journalctl", "--no-pager", "-o", "cat", "-u", "belayd"}).all(); }
  std::string main_pid() { return machine.ask({"systemctl", "show", "-P", "MainPID", "belayd"}); }

  Outcome as(const std::string& user, Words words) {
    words.insert(words.begin(), {"runuser", "-u", user, "--"});
    return machine.run(words);
  }

  // True when an operator gets an answer again, from another process than `before`.
  bool answers_anew(const std::string& before) {
    return until([&] {
      const std::string now = main_pid();
      return now != before && now != "0\n" && as("ann", {"belay", "status"}).code == 0;
    });
  }

  Fleet fleet{2};
  Machine& machine = fleet.machine(1);
  Machine& host = fleet.machine(2);
};

TEST_F(Install, AnOperatorDeploysThroughTheShippedUnitUnderTheirOwnName) {
  const Outcome stranger = as("nobody", {"belay", "status"});
  EXPECT_NE(stranger.code, 0) << "somebody who is no operator gets an answer";
  const Outcome added = as("ann", {"belay", "host", "add", "dev1", "-e", "dev", "--address", host.address(), "--key",
                                   host.host_key(), "--var", "root=/srv", "--var", "outside=/srv"});
  ASSERT_EQ(added.code, 0) << added.all() << journal();

  Train workshop(std::vector<Place>{});
  fs::copy_file(workshop.build(note("1.0")), machine.disk().at() / "home/ann/note.belay");
  fs::permissions(machine.disk().at() / "home/ann/note.belay", fs::perms(0644));
  fs::permissions(machine.disk().at() / "home/ann", fs::perms(0755));
  const Outcome done = as("ann", {"belay", "deploy", "/home/ann/note.belay", "-e", "dev"});
  ASSERT_EQ(done.code, 0) << done.all() << journal();
  EXPECT_EQ(slurp(host.disk().at() / "srv/note"), "note 1.0\n");
  EXPECT_THAT(as("ann", {"belay", "run", "list"}).out, HasSubstr("ann (uid "));
}

TEST_F(Install, SystemdBringsItBackWhenItFallsOrHangsAndStopsItInOrder) {
  const std::string first = main_pid();
  machine.ask({"sh", "-c", "kill -KILL \"$(systemctl show -P MainPID belayd)\""});
  ASSERT_TRUE(answers_anew(first)) << journal();

  // A daemon whose loop stands still says nothing to the watchdog.
  const std::string second = main_pid();
  machine.ask({"sh", "-c", "kill -STOP \"$(systemctl show -P MainPID belayd)\""});
  ASSERT_TRUE(answers_anew(second)) << journal();
  EXPECT_THAT(journal(), HasSubstr("Watchdog timeout"));

  machine.ask({"systemctl", "stop", "belayd"});
  EXPECT_EQ(machine.ask({"systemctl", "show", "-P", "Result", "belayd"}), "success\n") << journal();
  machine.ask({"systemctl", "start", "belayd"});
  machine.reboot();
  ASSERT_TRUE(answers_anew("0\n")) << "it was enabled, and did not come with the boot: " << journal();
}

}  // namespace
}  // namespace belay::test
