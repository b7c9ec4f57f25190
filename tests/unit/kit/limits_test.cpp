// What a step that takes everything is held to: its output, its processes, its time.
#include <sys/resource.h>

#include <algorithm>

#include "tests/unit/kit/steps.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using LimitsTest = KitTest;

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// How many processes have this word in their command line.
int processes_with(const std::string& word) {
  int out = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/proc", none))
    if (is_number(entry.path().filename()) && read_file(entry.path() / "cmdline").find(word) != std::string::npos)
      ++out;
  return out;
}

unsigned long threads_of_this_machine() {
  unsigned long out = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/proc", none))
    if (is_number(entry.path().filename()))
      for ([[maybe_unused]] const auto& thread : fs::directory_iterator(entry.path() / "task", none)) ++out;
  return out;
}

TEST_P(LimitsTest, EndlessOutputIsCappedAndSaysSo) {
  prepare(1, command({"yes", "output"}));
  const Reply applied = host_.do_step("apply", 1, "1 1");
  EXPECT_EQ(applied.get("rc"), "124") << applied.end.value_or(-1);
  EXPECT_TRUE(applied.get("out").starts_with("[belay: too much output;")) << applied.get("out").substr(0, 200);
  EXPECT_LE(applied.get("out").size(), 65536u + 200u);
  EXPECT_LE(fs::file_size(host_.step_dir(1) / "apply.out"), 1048576u);
  const Reply probe = host_.do_step("probe", 1, "apply");
  EXPECT_EQ(probe.get("probe"), "DONE 124");
  EXPECT_EQ(probe.get("out"), applied.get("out"));
}

TEST_P(LimitsTest, OutputThatFitsIsWholeAndWithoutANote) {
  prepare(1, command({"sh", "-c", "head -c 65536 /dev/zero | tr '\\000' x"}));
  EXPECT_EQ(host_.do_step("apply", 1, "1 60").get("out"), std::string(65536, 'x'));
}

// Eight chains of processes, of which each starts its successor and ends: like a fork bomb they are never all there to
// be killed one by one, but the machine that runs the test survives them.
TEST_P(LimitsTest, AStepThatOnlyForksIsEndedByItsDeadline) {
  const std::string chain = live("chain-of-forks");
  write_file(chain, "[ ! -e \"$1\" ] || sh \"$1\" \"$1\" &\n");
  prepare(1, command({"sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sh \"$1\" \"$1\"; done; sleep 1000", "sh", chain}));
  EXPECT_EQ(host_.do_step("apply", 1, "1 2").get("rc"), "124");
  EXPECT_EQ(host_.do_step("probe", 1, "apply").get("probe"), "DONE 124") << "the chain holds the lock";
  wait_for([&] { return processes_with(chain) == 0; }, "the end of every chain");
  fs::remove(chain);
}

// The kernel holds every account but root's to it.
TEST_P(LimitsTest, AStepMayHave4096ProcessesMoreThanThereAre) {
  rlimit own{};
  ASSERT_EQ(::getrlimit(RLIMIT_NPROC, &own), 0);
  const auto limit_of_step = [&](int step) {
    std::istringstream line(
        apply(step, command({"sh", "-c", "grep '^Max processes' /proc/self/limits"})).get("out").substr(13));
    unsigned long soft = 0;
    line >> soft;
    return soft;
  };
  const unsigned long others = threads_of_this_machine();
  ASSERT_GT(own.rlim_cur, 2 * others + 10000) << "this machine's own limit is too low for the test";
  const unsigned long soft = limit_of_step(1);
  EXPECT_GT(soft, 4096u);
  EXPECT_LT(soft, 4096u + 2 * others + 5000);
  // What is stricter already stays as it is.
  const rlimit strict{.rlim_cur = 4000, .rlim_max = own.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NPROC, &strict), 0);
  const unsigned long kept = limit_of_step(2);
  ASSERT_EQ(::setrlimit(RLIMIT_NPROC, &own), 0);
  EXPECT_EQ(kept, 4000u);
}

// A systemctl that never answers costs the step its time and nothing else.
TEST_P(LimitsTest, AHangingSystemctlIsEndedByTheStepsDeadline) {
  const std::string state = live("state");
  write_file(host_.fake_tools() / "systemctl",
             "#!/bin/sh\nS='" + state +
                 "'\nshift\ncase $1 in is-active) [ -e \"$S\" ] && echo active || { echo inactive; exit 3; } ;;\n"
                 "start) if [ -e \"$S.well\" ]; then : >\"$S\"; else : >\"$S.hangs\"; exec sleep 1007; fi ;;\n"
                 "stop) rm -f \"$S\" ;;\nis-enabled) echo disabled; exit 1 ;;\nesac\n");
  fs::permissions(host_.fake_tools() / "systemctl", fs::perms::owner_all);
  const Params service = {{"name", "portal"}, {"manager", "systemd"}, {"state", "started"}};
  const Params touched = {{"name", "portal"}, {"manager", "systemd"}};
  prepare(1, {"service", service, {{"service", touched}}});
  EXPECT_EQ(host_.do_step("apply", 1, "1 2").get("rc"), "124");
  EXPECT_TRUE(fs::exists(state + ".hangs")) << "systemctl was never asked to start it";
  EXPECT_EQ(host_.do_step("probe", 1, "apply").get("probe"), "DONE 124") << "systemctl holds the lock";
  roll_back(1);
  // The next one is not hindered by it.
  write_file(state + ".well", "");
  EXPECT_EQ(apply(2, {"service", service, {{"service", touched}}}).get("rc"), "0");
  roll_back(2);
}

INSTANTIATE_TEST_SUITE_P(Shells, LimitsTest, ::testing::ValuesIn(all_shells), shell_name);

}  // namespace
}  // namespace belay::test
