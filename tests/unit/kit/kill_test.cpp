// kill -9 at random instants: a step is never begun twice, whatever died is told apart, and a restore that was cut any
// number of times still comes to its end.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <random>

#include "tests/support/kit_host/patience.hpp"
#include "tests/unit/kit/steps.hpp"
#include "tests/unit/kit/watched.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;

class KillTest : public KitTest {
 protected:
  void let_run_up_to(int microseconds) {
    let_run(std::chrono::microseconds(std::uniform_int_distribution<int>(0, microseconds)(random_)));
  }
  std::string stable_probe(int step, const std::string& op) {
    std::string state;
    wait_for(
        [&] {
          state = host_.do_step("probe", step, op).get("probe");
          return !state.starts_with("RUNNING") && !state.starts_with("LINGER");
        },
        "a stable probe");
    return state;
  }
  std::mt19937_64 random_{std::random_device{}()};
};

TEST_P(KillTest, AStepIsNeverBegunTwice) {
  std::map<std::string, int> seen;
  std::map<int, Step> steps;
  constexpr int kills = 25;
  for (int n = 1; n <= kills; ++n) {
    steps[n] =
        command({"sh", "-c", "echo x >>\"$1\"; sleep 0.03; echo y >>\"$1\"", "sh", live(fmt::format("effect{}", n))});
  }
  ASSERT_EQ(host_.stage(steps).end, 0);
  for (int n = 1; n <= kills; ++n) {
    ASSERT_EQ(host_.do_step("snap", n, "1").end, 0);
    ASSERT_EQ(host_.do_step("arm", n, "1 0").end, 0);
    auto leash = host_.start(fmt::format("apply {} {} 1 60", host_.run_id(), n));
    let_run_up_to(120000);
    for (const pid_t pid : processes_of(host_, "runner.sh")) ::kill(pid, SIGKILL);
    const Reply answer = parse_reply(leash->finish().out, "n0nce");
    const std::string state = stable_probe(n, "apply");
    const bool begun = fs::exists(host_.step_dir(n) / "apply.start");
    ++seen[state.substr(0, state.find(' '))];
    EXPECT_TRUE(state == "NEVER" || state == "DIED" || state == "DONE 0") << state << "\n" << answer.text();
    EXPECT_EQ(begun, state != "NEVER");
    const Reply again = host_.do_step("apply", n, "1 60");
    const std::string effect = read_file(live(fmt::format("effect{}", n)));
    if (state == "NEVER") {
      EXPECT_EQ(again.get("rc"), "0") << again.text();
      EXPECT_EQ(effect, "x\ny\n");
    } else {
      EXPECT_EQ(again.end, state == "DIED" ? 78 : 77) << again.text();
      EXPECT_TRUE(effect.empty() || effect == "x\n" || effect == "x\ny\n") << effect;
    }
  }
  for (const auto& [state, times] : seen) RecordProperty(state, times);
}

TEST_P(KillTest, ARestoreMayBeCutAtAnyPoint) {
  for (int n = 0; n < 30; ++n)
    write_file(live(fmt::format("app/dir{}/file {}", n % 5, n)), std::string(1000, static_cast<char>('a' + n % 26)));
  fs::create_symlink("file 0", live("app/link"));
  fs::create_hard_link(live("app/dir0/file 0"), live("app/twin"));
  const Step wreck =
      command({"sh", "-c",
               "cd \"$1\" && rm -rf dir1 link && for f in dir2/* dir3/*; do echo bad >\"$f\"; done && mkdir extra && "
               "echo e >extra/e && rm twin && ln -s /etc dir1 && chmod 0 dir4",
               "sh", live("app")},
              live("app"));
  ASSERT_EQ(apply(1, wreck).get("rc"), "0");
  for (int cut = 0; cut < 15; ++cut) {
    auto leash = host_.start(fmt::format("restore {} 1 1", host_.run_id()));
    let_run_up_to(300000);
    for (const char* script : {"runner.sh", "restore.sh", "child.sh"}) {
      for (const pid_t pid : processes_of(host_, script)) ::kill(pid, SIGKILL);
    }
    (void)leash->finish();
    stable_probe(1, "restore");
  }
  roll_back(1);
  for (const auto& item : fs::directory_iterator(host_.live()))
    EXPECT_EQ(item.path().filename(), "app") << "left behind";
}

INSTANTIATE_TEST_SUITE_P(Shells, KillTest, ::testing::ValuesIn(all_shells), shell_name);

}  // namespace
}  // namespace belay::test
