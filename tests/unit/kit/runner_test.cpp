// One step on one host: what may happen when, and how each outcome reads afterwards.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/unit/kit/steps.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using RunnerTest = KitTest;

TEST_P(RunnerTest, AStepFromSnapshotToCommit) {
  write_file(live("f"), "old");
  const Reply applied =
      apply(1, command({"sh", "-c", "echo new >\"$1\"; echo said; echo also >&2", "sh", live("f")}, live("f")));
  EXPECT_EQ(applied.end, 0) << applied.text();
  EXPECT_EQ(applied.get("rc"), "0");
  EXPECT_EQ(applied.get("out"), "said\nalso\n");
  EXPECT_EQ(applied.get("changed"), "unknown");
  EXPECT_EQ(host_.do_step("probe", 1, "apply").get("probe"), "DONE 0");
  EXPECT_EQ(host_.do_step("apply", 1, "1 60").end, 77);
  EXPECT_EQ(host_.do_step("verify", 1, "1 60").get("rc"), "0");
  EXPECT_EQ(host_.do_step("verify", 1, "1 60").get("rc"), "0") << "again";
  EXPECT_EQ(host_.do_step("commit", 1, "1").get("token"), "committed");
  EXPECT_EQ(host_.do_step("commit", 1, "1").end, 0) << "again";
  // A rollback of a finished deployment begins from committed.
  roll_back(1);
  EXPECT_EQ(read_file(live("f")), "old");
  EXPECT_EQ(host_.do_step("probe", 1, "restore").get("token"), "restored");
  EXPECT_EQ(host_.do_step("commit", 1, "1").end, 80);
  roll_back(1);
}

TEST_P(RunnerTest, NothingIsAppliedWithoutASnapshotOrAfterARestore) {
  ASSERT_EQ(host_.stage({{1, command({"touch", live("x")}, live("x"))}}).end, 0);
  EXPECT_EQ(host_.do_step("apply", 1, "1 60").end, 79);
  EXPECT_EQ(host_.do_step("probe", 1, "apply").get("probe"), "NEVER");
  EXPECT_EQ(host_.do_step("snap", 1, "1").end, 0);
  EXPECT_EQ(host_.do_step("restore", 1, "1").get("rc"), "0");
  EXPECT_EQ(host_.do_step("apply", 1, "1 60").end, 80);
  EXPECT_FALSE(fs::exists(live("x")));
}

TEST_P(RunnerTest, OldEpochsAndBusyHostsAreRefused) {
  prepare(1, command({"touch", live("x")}));
  EXPECT_EQ(host_.do_step("apply", 1, "2 60").end, 76);
  const int lock = ::open((host_.base() / "host.lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(host_.do_step("apply", 1, "1 60").end, 75);
  EXPECT_NE(host_.leash("facts").get("facts").find("lock=held"), std::string::npos);
  ::close(lock);
  EXPECT_EQ(host_.do_step("probe", 1, "apply").get("probe"), "NEVER");
  ASSERT_EQ(host_.leash("fence 2").end, 0);
  EXPECT_EQ(host_.do_step("apply", 1, "1 60").end, 76);
  EXPECT_FALSE(fs::exists(live("x")));
  EXPECT_EQ(host_.do_step("apply", 1, "2 60").get("rc"), "0");
}

TEST_P(RunnerTest, TheSnapshotIsTakenOnce) {
  write_file(live("f"), "first");
  prepare(1, command({"true"}, live("f")));
  write_file(live("f"), "second");
  EXPECT_EQ(host_.do_step("snap", 1, "1").end, 0);
  roll_back(1);
  EXPECT_EQ(read_file(live("f")), "first");
}

TEST_P(RunnerTest, ADamagedSnapshotIsNotUsed) {
  write_file(live("f"), "old");
  ASSERT_EQ(apply(1, command({"sh", "-c", "echo new >\"$1\"", "sh", live("f")}, live("f"))).end, 0);
  const fs::path archive = host_.step_dir(1) / "snap/0/data.tar";
  std::string bytes = read_file(archive);
  bytes[bytes.find("old")] ^= 1;
  write_file(archive, bytes);
  const Reply restored = host_.do_step("restore", 1, "1");
  EXPECT_EQ(restored.get("rc"), "79") << restored.text();
  EXPECT_EQ(read_file(live("f")), "new\n");
  EXPECT_EQ(host_.do_step("probe", 1, "restore").get("token"), "armed");
}

TEST_P(RunnerTest, ATimeoutEndsTheWholeGroup) {
  prepare(1, command({"sh", "-c", "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ >\"$1\"; sleep 1000' sh \"$1\"", "sh",
                      live("pid")}));
  EXPECT_EQ(host_.do_step("apply", 1, "1 1").get("rc"), "124");
  const pid_t pid = std::stoi(read_file(live("pid")));
  wait_for(
      [&] {
        return ::kill(pid, 0) != 0 ||
               read_file("/proc/" + std::to_string(pid) + "/stat").find(") Z ") != std::string::npos;
      },
      "the end of a child of the step");
}

TEST_P(RunnerTest, AProcessThatKeepsTheLockIsNamed) {
  prepare(1, command({"sh", "-c", "sleep 1000 & echo $! >\"$1\"", "sh", live("pid")}));
  EXPECT_EQ(host_.do_step("apply", 1, "1 60").get("rc"), "0");
  const std::string pid = read_file(live("pid")).substr(0, read_file(live("pid")).size() - 1);
  const std::string probe = host_.do_step("probe", 1, "apply").get("probe");
  EXPECT_EQ(probe, "LINGER 0 " + pid + " sleep\\0401000");
  const Reply busy = host_.do_step("verify", 1, "1 60");
  EXPECT_EQ(busy.end, 75);
  EXPECT_NE(busy.get("error").find(pid), std::string::npos) << busy.text();
  ::kill(std::stoi(pid), SIGKILL);
  wait_for([&] { return host_.do_step("probe", 1, "apply").get("probe") == "DONE 0"; }, "the lock");
}

TEST_P(RunnerTest, ACutConnectionDoesNotEndAStep) {
  prepare(1, command({"sh", "-c", "until [ -e \"$1\" ]; do sleep 0.05; done; echo done", "sh", live("go")}));
  {
    auto connection = host_.start("apply " + host_.run_id() + " 1 1 60");
    wait_for([&] { return host_.do_step("probe", 1, "apply").get("probe").starts_with("RUNNING "); }, "the step");
    connection->kill();
  }
  EXPECT_TRUE(host_.do_step("probe", 1, "apply").get("probe").starts_with("RUNNING "));
  EXPECT_EQ(host_.do_step("apply", 1, "1 60").end, 75);
  write_file(live("go"), "");
  wait_for([&] { return host_.do_step("probe", 1, "apply").get("probe") == "DONE 0"; }, "the end of the step");
  EXPECT_EQ(host_.do_step("probe", 1, "apply").get("out"), "done\n");
}

TEST_P(RunnerTest, AFenceEndsTheRunnerOfAnOlderEpoch) {
  prepare(1, command({"sh", "-c", "sleep 1000 & sleep 1000; touch \"$1\"", "sh", live("effect")}));
  auto connection = host_.start("apply " + host_.run_id() + " 1 1 600");
  wait_for([&] { return fs::exists(host_.step_dir(1) / "apply.child"); }, "the step");
  const Reply fenced = host_.leash("fence 2");
  EXPECT_EQ(fenced.end, 0) << fenced.text();
  EXPECT_EQ(host_.do_step("probe", 1, "apply").get("probe"), "DIED");
  EXPECT_EQ(host_.do_step("apply", 1, "2 60").end, 78);
  EXPECT_FALSE(fs::exists(live("effect")));
  EXPECT_EQ(parse_reply(connection->finish().out, "n0nce").end, 78);
}

TEST_P(RunnerTest, ARebootIsSeen) {
  prepare(1, command({"true"}));
  write_file(host_.step_dir(1) / "apply.start", "");
  write_file(host_.step_dir(1) / "apply.pid", "another-boot 1 1 1\n");
  EXPECT_EQ(host_.do_step("probe", 1, "apply").get("probe"), "REBOOTED");
  EXPECT_EQ(host_.do_step("apply", 1, "1 60").end, 78);
  // Torn markers count as absent.
  write_file(host_.step_dir(1) / "apply.pid", "");
  EXPECT_EQ(host_.do_step("probe", 1, "apply").get("probe"), "DIED");
}

INSTANTIATE_TEST_SUITE_P(Shells, RunnerTest, ::testing::ValuesIn(all_shells), shell_name);

}  // namespace
}  // namespace belay::test
