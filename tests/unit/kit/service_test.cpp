// The action and the resource service, with plain processes and with a systemctl that remembers.
#include <unistd.h>

#include "tests/unit/kit/steps.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;

class ServiceTest : public KitTest {
 protected:
  void SetUp() override { host_.without_sync(); }
  Step service(const std::string& state, const std::vector<std::string>& start, Params more = {}) {
    more["name"] = "portal";
    more["manager"] = more.contains("manager") ? more["manager"] : "process";
    more.merge(words("start", start));
    Params touched = more;
    if (!state.empty()) more["state"] = state;
    return {"service", more, {{"service", touched}}};
  }
  std::string pid() const {
    const std::string text = read_file(host_.base() / "services/portal/pid");
    return text.substr(0, text.find('\n'));
  }
  static std::string command_line(const std::string& process) {
    std::string line = read_file("/proc/" + process + "/cmdline");
    for (char& c : line) c = c == '\0' ? ' ' : c;
    return line;
  }
};

TEST_P(ServiceTest, APlainProcessIsStartedReplacedAndBroughtBack) {
  const Reply first = apply(1, service("started", {"sleep", "1001"}));
  ASSERT_EQ(first.get("rc"), "0") << first.text();
  EXPECT_EQ(first.get("changed"), "yes");
  EXPECT_EQ(command_line(pid()), "sleep 1001 ");
  EXPECT_EQ(host_.do_step("verify", 1, "1 60").get("rc"), "0");
  EXPECT_EQ(host_.do_step("probe", 1, "apply").get("probe"), "DONE 0") << "the service keeps the lock";
  EXPECT_EQ(host_.do_step("commit", 1, "1").end, 0);
  EXPECT_EQ(apply(2, service("started", {"sleep", "1001"})).get("changed"), "no");

  const std::string old_pid = pid();
  EXPECT_EQ(plan(service("restarted", {"sleep", "1002"})), "changed - - portal\n");
  ASSERT_EQ(apply(3, service("restarted", {"sleep", "1002"})).get("rc"), "0");
  EXPECT_NE(pid(), old_pid);
  EXPECT_EQ(command_line(pid()), "sleep 1002 ");
  // In the reverse pass the service only stops, so that files can be put back under it.
  EXPECT_EQ(host_.do_step("restore", 3, "1").get("rc"), "0");
  EXPECT_NE(host_.do_step("manifest", 3).get("manifest").find("= running no"), std::string::npos);
  roll_back(3);
  EXPECT_EQ(command_line(pid()), "sleep 1001 ");
  roll_back(3);

  ASSERT_EQ(apply(4, service("stopped", {})).get("rc"), "0");
  EXPECT_EQ(host_.do_step("verify", 4, "1 60").get("rc"), "0");
  roll_back(4);
  EXPECT_EQ(command_line(pid()), "sleep 1001 ");
  const std::string last = pid();
  roll_back(2);
  roll_back(1);
  EXPECT_EQ(command_line(last), "");
}

TEST_P(ServiceTest, AProcessThatGoesToTheBackgroundHasItsOwnPidFile) {
  const std::vector<std::string> start = {"sh", "-c", "sleep 1003 & echo $! >\"$1\"", "sh", live("my.pid")};
  const Reply applied = apply(1, service("started", start, {{"pid_file", live("my.pid")}}));
  ASSERT_EQ(applied.get("rc"), "0") << applied.text();
  const std::string process = read_file(live("my.pid")).substr(0, read_file(live("my.pid")).size() - 1);
  EXPECT_EQ(command_line(process), "sleep 1003 ");
  roll_back(1);
  wait_for([&] { return command_line(process).empty(); }, "the end of the service");
}

TEST_P(ServiceTest, ATermThatIsIgnoredIsFollowedByAKill) {
  const std::vector<std::string> stubborn = {"sh", "-c", "trap '' TERM; while :; do sleep 1000; done"};
  ASSERT_EQ(apply(1, service("started", stubborn)).get("rc"), "0");
  const std::string process = pid();
  const Reply stopped = apply(2, service("stopped", stubborn, {{"stop_timeout", "1"}}));
  EXPECT_EQ(stopped.get("rc"), "0") << stopped.text();
  EXPECT_NE(stopped.get("out").find("is killed"), std::string::npos) << stopped.text();
  wait_for([&] { return command_line(process).empty(); }, "the end of the service");
}

TEST_P(ServiceTest, AServiceThatDoesNotStartIsSaidWithItsOwnWords) {
  const Reply failed = apply(1, service("started", {"sh", "-c", "echo no licence; exit 3"}));
  EXPECT_EQ(failed.get("rc"), "1");
  EXPECT_NE(failed.get("out").find("no licence"), std::string::npos) << failed.text();
  EXPECT_NE(failed.get("out").find("status 3"), std::string::npos) << failed.text();
  roll_back(1);
}

TEST_P(ServiceTest, ReloadSendsASignal) {
  const std::vector<std::string> start = {
      "sh", "-c", "trap 'echo again >\"$1\"' USR1; echo ready >\"$1.ready\"; while :; do sleep 0.05; done", "sh",
      live("reloaded")};
  ASSERT_EQ(apply(1, service("started", start)).get("rc"), "0");
  wait_for([&] { return fs::exists(live("reloaded.ready")); }, "the service");
  Params more = words("reload", {"USR1"});
  ASSERT_EQ(apply(2, service("reloaded", start, more)).get("rc"), "0");
  wait_for([&] { return fs::exists(live("reloaded")); }, "the reload");
}

TEST_P(ServiceTest, TheSystemdManagerAsksSystemctl) {
  const fs::path state = host_.root() / "systemd";
  write_file(state / "active", "inactive\n");
  write_file(state / "enabled", "disabled\n");
  write_file(host_.fake_tools() / "systemctl",
             "#!/bin/sh\nS='" + state.string() +
                 "'\nshift\nverb=$1\n[ \"${2:---}\" = -- ] || exit 9\necho \"$verb $3\" >>\"$S/log\"\n"
                 "case $verb in is-active) read -r x <\"$S/active\"; echo \"$x\"; [ \"$x\" = active ] ;;\n"
                 "is-enabled) read -r x <\"$S/enabled\"; echo \"$x\"; [ \"$x\" = enabled ] ;;\n"
                 "start) echo active >\"$S/active\" ;;\nstop) echo inactive >\"$S/active\" ;;\n"
                 "enable) echo enabled >\"$S/enabled\" ;;\ndisable) echo disabled >\"$S/enabled\" ;;\nesac\n");
  fs::permissions(host_.fake_tools() / "systemctl", fs::perms::owner_all);
  const Params more = {{"manager", "systemd"}, {"enabled", "true"}};
  EXPECT_EQ(plan(service("started", {}, more)), "changed - - portal\n");
  const Reply applied = apply(1, service("started", {}, more));
  ASSERT_EQ(applied.get("rc"), "0") << applied.text();
  EXPECT_EQ(read_file(state / "active") + read_file(state / "enabled"), "active\nenabled\n");
  EXPECT_EQ(plan(service("started", {}, more)), "unchanged - - portal\n");
  EXPECT_EQ(host_.do_step("verify", 1, "1 60").get("rc"), "0");
  roll_back(1);
  EXPECT_EQ(read_file(state / "active") + read_file(state / "enabled"), "inactive\ndisabled\n");
}

INSTANTIATE_TEST_SUITE_P(Shells, ServiceTest, ::testing::ValuesIn(all_shells), shell_name);

}  // namespace
}  // namespace belay::test
