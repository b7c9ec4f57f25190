// Whatever ends a run in the middle, every touched host goes back, is proven, and the exit code is 2.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Two hosts with 1.0 on them. A failure on dev2 must take dev1 back too.
class Failure : public OverTransports {
 protected:
  Failure() : train({{.name = "dev", .hosts = 2, .transport = GetParam()}}) {
    train.start();
    const Outcome first = train.belay({"deploy", train.build(note("1.0")), "-e", "dev"});
    if (first.code != 0) throw std::runtime_error(first.all() + train.log());
    before = train.apps();
  }

  // The verdict of a run that must have gone back, and its reason.
  void went_back(const std::string& run, const std::string& why) {
    const Outcome shown = train.belay({"run", "watch", run});
    EXPECT_EQ(shown.code, 2) << shown.all() << train.log();
    EXPECT_THAT(shown.out, HasSubstr("FAILED, ROLLED BACK, PROVEN"));
    EXPECT_THAT(shown.out, HasSubstr(why));
    EXPECT_THAT(shown.out, HasSubstr("2 hosts put back and proven"));
    EXPECT_THAT(differences(before, train.apps()), IsEmpty()) << shown.all();
    EXPECT_EQ(train.json({"proof", run})["proven"], true);
  }

  std::string begin(const std::string& version, const std::string& steps) {
    return train.detached({"deploy", train.build(note(version, steps)), "-e", "dev"});
  }

  // Waits until dev2 is in the middle of a step, and gives the process of that step.
  pid_t held() {
    const auto holding = train.host("dev2").outside / "holding";
    EXPECT_TRUE(until([&] { return slurp(holding).ends_with("\n"); })) << train.log();
    const pid_t pid = std::stoi(slurp(holding));
    std::filesystem::remove(holding);
    return pid;
  }

  Train train;
  Tree before;
};

INSTANTIATE_TEST_SUITE_P(Over, Failure, every_transport, name_of_transport);

TEST_P(Failure, OfACommandACheckOrInTime) {
  struct Case {
    const char* version;
    std::string steps;
    const char* why;
  };
  const std::string port = std::to_string(free_port());
  const std::vector<Case> cases{
      {"1.1", fails_on("dev2"), "step 2 \"Break\" failed on dev2: it ended with status 7: it broke"},
      {"1.2", "- name: Healthy\n  http: {url: \"http://127.0.0.1:" + port + "/health\", within: 1s}\n",
       "step 2 \"Healthy\" failed"},
      {"1.3", "- name: Slow\n  timeout: 1s\n  command: {run: [sleep, '600'], touches: []}\n  when: host == \"dev2\"\n",
       "did not end within 1 s and was killed"},
      {"1.4",
       "- name: Checked\n  file: {content: x, to: \"{{ root }}/x\"}\n  verify: [\"false\"]\n  when: host == \"dev2\"\n",
       "step 2 \"Checked\" failed on dev2: its check ended with status 1"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.why);
    went_back(begin(one.version, one.steps), one.why);
  }
}

TEST_P(Failure, ALostWorkerCostsTheRunAndNeverTheDaemon) {
  const std::string run = begin("1.1", holds_on("dev2"));
  const pid_t step = held();
  const std::vector<pid_t> workers = train.workers();
  ASSERT_FALSE(workers.empty());
  for (const pid_t worker : workers) ::kill(worker, SIGKILL);
  went_back(run, "was lost");
  EXPECT_FALSE(lives(step)) << "the step still runs";
  EXPECT_EQ(train.belay({"status"}).code, 0);
}

TEST_P(Failure, AStepThatLeavesAProcessBehindIsToldByItsName) {
  went_back(
      begin("1.1",
            "- name: Forgetful\n  command: {run: [sh, -c, 'sleep 611 & exit 0'], touches: [\"{{ root }}/held\"]}\n"),
      "sleep 611");
}

// Where there is a server.
class FailureOverSsh : public Failure {};
INSTANTIATE_TEST_SUITE_P(Over, FailureOverSsh, testing::Values("ssh", "openssh"), name_of_transport);

TEST_P(FailureOverSsh, AServerThatDiesUnderAStep) {
  const std::string run = begin("1.1", holds_on("dev2"));
  const pid_t step = held();
  train.host("dev2").sshd->kill_sessions();
  went_back(run, "dev2 was lost");
  EXPECT_FALSE(lives(step)) << "the step still runs";
}

TEST_P(Failure, AbortEndsAStepInTheMiddleAndGoesBack) {
  const std::string run = begin("1.1", holds_on("dev2"));
  const pid_t step = held();
  const Outcome asked = train.belay({"run", "abort", run, "--reason", "wrong day"});
  EXPECT_EQ(asked.code, 0) << asked.all();
  went_back(run, "wrong day");
  const Outcome told = train.belay({"run", "watch", run});
  EXPECT_THAT(told.out, HasSubstr("dev2  stopped by Belay: the run turns back"));
  EXPECT_THAT(told.out, Not(HasSubstr("CONNECTION LOST")));
  EXPECT_FALSE(lives(step));
  const Outcome late = train.belay({"run", "abort", run, "--reason", "again"});
  EXPECT_NE(late.code, 0);
}

// Somebody else's process has the lock of a host while a rollback begins: the host is asked again until it is free.
TEST_P(Failure, ARollbackWaitsForAHostThatIsBusy) {
  const Outcome deployed = train.belay({"deploy", train.build(note("1.1")), "-e", "dev"});
  ASSERT_EQ(deployed.code, 0) << deployed.all() << train.log();
  const std::string lock = train.host("dev2").base / "host.lock";
  const int held = ::open(lock.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(held, 0);
  ASSERT_EQ(::flock(held, LOCK_EX | LOCK_NB), 0);
  const std::string run = train.detached({"rollback", "shop", "-e", "dev"});
  EXPECT_TRUE(until([&] { return train.json({"run", "show", run})["hosts"][1]["state"] == "lost"; })) << train.log();
  ::close(held);
  const Outcome back = train.belay({"run", "watch", run});
  EXPECT_EQ(back.code, 0) << back.all() << train.log();
  EXPECT_THAT(back.out, HasSubstr("the lock of this host is held"));
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
}

}  // namespace
}  // namespace belay::test
