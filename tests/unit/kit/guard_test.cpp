// The boot hook with a crontab and with a systemctl that remember, and what a host says about what can outlive a
// session. That a real systemd does what the unit says is not seen here.
#include <fmt/format.h>
#include <unistd.h>

#include "tests/support/kit_host/patience.hpp"
#include "tests/unit/kit/steps.hpp"
#include "tests/unit/kit/watched.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;

class GuardTest : public KitTest {
 protected:
  void tool(const std::string& name, const std::string& script) {
    write_file(host_.fake_tools() / name, "#!/bin/sh\n" + script);
    fs::permissions(host_.fake_tools() / name, fs::perms::owner_all);
  }
  std::string in_root(const std::string& name) const { return (host_.root() / name).string(); }
  std::string fact(const std::string& key) {
    const std::string facts = "\n" + host_.leash("facts").get("facts") + "\n";
    const std::size_t at = facts.find("\n" + key + "=");
    return at == std::string::npos ? "(none)"
                                   : facts.substr(at + key.size() + 2, facts.find('\n', at + 1) - at - key.size() - 2);
  }
  // A crontab in a file, and something that is named like cron.
  void with_cron() {
    tool("crontab",
         fmt::format("case $1 in\n-l) [ -f '{0}' ] || {{ echo 'no crontab for tester' >&2; exit 1; }}; cat '{0}' ;;\n"
                     "*) cat \"$1\" >'{0}' ;;\nesac\n",
                     in_root("table")));
    fs::copy_file("/usr/bin/sleep", in_root("crond"));
    cron_ = std::make_unique<Process>(std::vector<std::string>{in_root("crond"), "1000"}, std::vector<std::string>{});
    wait_for([&] { return read_file(fmt::format("/proc/{}/comm", cron_->pid())) == "crond\n"; }, "cron");
  }
  // systemctl and systemd-run as the kit uses them. Every call is written down.
  void with_systemd() {
    change_kit(host_, "way.sh", "-d /run/systemd/system ]", "-d '" + in_root("units") + "' ]");
    change_kit(host_, "verb/guard.sh", "guard_units=/etc/systemd/system", "guard_units='" + in_root("units") + "'");
    fs::create_directories(in_root("units"));
    tool("id", "[ \"$1\" != -u ] || exec echo 0\nPATH=${PATH#*:}\nexec id \"$@\"\n");
    tool("systemctl", fmt::format("echo \"$@\" >>'{0}/calls'\ncase $1 in\nenable) : >'{0}/enabled' ;;\ndisable) rm -f "
                                  "'{0}/enabled' ;;\nis-enabled) [ -e '{0}/enabled' ] ;;\nesac\n",
                                  in_root("units")));
    tool("systemd-run",
         fmt::format("echo \"$@\" >>'{0}/started'\nwhile :; do case $1 in --*) shift ;; *) break ;; esac; done\n"
                     "setsid \"$@\" </dev/null >/dev/null 2>&1 &\n",
                     in_root("units")));
  }
  std::unique_ptr<Process> cron_;
};

TEST_P(GuardTest, ByCron) {
  EXPECT_EQ(host_.leash("guard install").end, 74) << "there is no cron";
  EXPECT_EQ(host_.leash("guard show").get("guard"), "no");
  with_cron();
  EXPECT_EQ(host_.leash("guard show").get("guard"), "no");
  const std::string others =
      "# mine\n@reboot /bin/other # belay: guards " + host_.base().string() + "2\n5 4 * * * x % y\n";
  write_file(in_root("table"), others);
  for (int times = 0; times < 2; ++times) {
    const Reply installed = host_.leash("guard install");
    EXPECT_EQ(installed.get("guard"), "cron") << installed.text();
  }
  const std::string table = read_file(in_root("table"));
  ASSERT_TRUE(table.starts_with(others)) << table;
  const std::string line = table.substr(others.size());
  EXPECT_EQ(line.find('\n') + 1, line.size()) << table;
  EXPECT_EQ(host_.leash("guard show").get("guard"), "cron");
  EXPECT_EQ(fact("guard"), "cron");
  EXPECT_EQ(fact("deadman"), "shell");
  EXPECT_EQ(fact("class"), GetParam() == Shell::busybox ? "C" : "A");
  // The line is a command that works, with nothing but what it names.
  const std::string command = line.substr(8, line.find(" #") - 8);
  const Finished ran = run({"/bin/sh", "-c", command}, {});
  EXPECT_EQ(ran.status, 0) << command << "\n" << ran.out << ran.err;
  // Without its scripts a line guards nothing.
  fs::rename(host_.base() / "guard", host_.base() / "elsewhere");
  EXPECT_EQ(host_.leash("guard show").get("guard"), "no");
  EXPECT_EQ(host_.leash("guard install").get("guard"), "cron");
  EXPECT_EQ(host_.leash("guard remove").get("guard"), "no");
  EXPECT_EQ(host_.leash("guard remove").get("guard"), "no") << "again";
  EXPECT_EQ(read_file(in_root("table")), others);
  EXPECT_FALSE(fs::exists(host_.base() / "guard"));
  cron_->kill();
  EXPECT_EQ(host_.leash("guard install").end, 74) << "nobody would read the crontab";
}

TEST_P(GuardTest, BySystemd) {
  with_systemd();
  const Reply installed = host_.leash("guard install");
  ASSERT_EQ(installed.get("guard"), "systemd") << installed.text();
  std::vector<fs::path> units;
  for (const auto& item : fs::directory_iterator(in_root("units"))) {
    if (item.path().extension() == ".service") units.push_back(item.path());
  }
  ASSERT_EQ(units.size(), 1u);
  EXPECT_TRUE(units[0].filename().string().starts_with("belay-boot-")) << units[0];
  EXPECT_EQ(fs::status(units[0]).permissions(), fs::perms(0644));
  const std::string unit = read_file(units[0]);
  const std::string base = host_.base().string();
  for (const std::string& line : {std::string("Type=oneshot"), std::string("Before=basic.target shutdown.target"),
                                  std::string("WantedBy=multi-user.target"), "RequiresMountsFor=" + base,
                                  "ConditionPathExistsGlob=|" + base + "/runs/*/*/armed",
                                  "ConditionPathExistsGlob=|" + base + "/runs/*/*/firing"}) {
    EXPECT_NE(("\n" + unit + "\n").find("\n" + line + "\n"), std::string::npos) << line << "\n" << unit;
  }
  const std::size_t start = unit.find("ExecStart=") + 10;
  const Finished ran =
      run({"/bin/sh", "-c", unit.substr(start, unit.find('\n', start) - start)}, {"PATH=" + host_.path_variable()});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(fact("guard"), "systemd");
  EXPECT_EQ(fact("deadman"), "systemd");
  // A newer kit takes the place of the older copy.
  change_kit(host_, "settle.sh", "check_snapshot\n", "check_snapshot\n: newer\n");
  EXPECT_EQ(host_.leash("guard install").get("guard"), "systemd");
  int copies = 0;
  for (const auto& item : fs::directory_iterator(host_.base() / "guard")) {
    ++copies;
    EXPECT_NE(read_file(item.path() / "kit/settle.sh").find(": newer"), std::string::npos);
  }
  EXPECT_EQ(copies, 1);
  EXPECT_EQ(host_.leash("guard remove").get("guard"), "no");
  EXPECT_FALSE(fs::exists(units[0]));
}

TEST_P(GuardTest, TheDeadManIsAUnitWhereThereIsSystemd) {
  with_systemd();
  {
    Watched w(host_);
    ASSERT_TRUE(w.applied(1, 600)) << w.complaints();
    EXPECT_EQ(w.renew(1, 600).get("deadman"), "systemd");
    const std::string started = read_file(in_root("units") + "/started");
    EXPECT_NE(started.find("--unit=belay-dm-" + host_.run_id()), std::string::npos) << started;
    for (const char* word : {"--collect ", "--property=KillMode=process ", "--property=DefaultDependencies=no "})
      EXPECT_NE(started.find(word), std::string::npos) << started;
    w.expire();
    w.must_go_back(1);
    EXPECT_EQ(w.complaints(), "");
  }
  tool("systemd-run", "echo 'Failed to connect to bus' >&2\nexit 1\n");
  Watched w(host_, 2);
  ASSERT_EQ(host_.do_step("snap", 2, "1").end, 0);
  wait_for([&] { return processes_of(host_, "deadman.sh").empty(); }, "the end of the first dead-man");
  const Reply refused = w.arm(2, 600);
  EXPECT_EQ(refused.end, 74);
  EXPECT_NE(refused.get("error").find("Failed\\040to\\040connect\\040to\\040bus"), std::string::npos) << refused.text();
}

TEST_P(GuardTest, LogindMayEndWhatASessionLeaves) {
  EXPECT_EQ(fact("kill_user_processes"), "no");
  fs::create_directories(in_root("seats"));
  change_kit(host_, "way.sh", "[ -d /run/systemd/seats ]", "[ -d '" + in_root("seats") + "' ]");
  change_kit(host_, "way.sh", "|p' /proc/self/cgroup", "|p' '" + in_root("cgroup") + "'");
  write_file(in_root("cgroup"), "0::/system.slice/ssh.service\n");
  EXPECT_EQ(fact("kill_user_processes"), "no") << "not in a session";
  write_file(in_root("cgroup"), fmt::format("0::/user.slice/user-{}.slice/session-7.scope\n", ::getuid()));
  const std::string me = run({"/usr/bin/id", "-un"}, {"PATH=/usr/bin:/bin"}).out;
  const std::string name = me.substr(0, me.find('\n'));
  const auto logind = [&](const std::string& kill, const std::string& exclude, const std::string& only) {
    tool("busctl", fmt::format("case $5 in\nKillUserProcesses) echo '{}' ;;\nKillExcludeUsers) echo '{}' ;;\n"
                               "KillOnlyUsers) echo '{}' ;;\nesac\n",
                               kill, exclude, only));
    return fact("kill_user_processes");
  };
  EXPECT_EQ(logind("b false", "as 0", "as 0"), "no");
  EXPECT_EQ(logind("b true", fmt::format("as 2 \"other\" \"{}\"", name), "as 0"), "no");
  EXPECT_EQ(logind("b true", "as 0", "as 1 \"other\""), "no");
  EXPECT_EQ(logind("b true", "as 0", fmt::format("as 1 \"{}\"", name)), "yes");
  EXPECT_EQ(logind("b true", "as 0", "as 0"), "yes");
  EXPECT_EQ(fact("deadman"), "no");
  EXPECT_NE(fact("class"), "A");
  {
    Watched w(host_);
    ASSERT_EQ(host_.do_step("snap", 1, "1").end, 0);
    const Reply refused = w.arm(1, 600);
    EXPECT_EQ(refused.end, 74);
    EXPECT_NE(refused.get("error").find("logind"), std::string::npos) << refused.text();
    EXPECT_EQ(w.arm(1, 0).end, 0) << "without a guard it can be armed";
  }
  tool("busctl", "exit 1\n");
  EXPECT_EQ(fact("kill_user_processes"), "unknown");
  EXPECT_EQ(fact("deadman"), "no");
}

INSTANTIATE_TEST_SUITE_P(Shells, GuardTest, ::testing::ValuesIn(all_shells), shell_name);

}  // namespace
}  // namespace belay::test
