// kill -9 of the daemon while a rehearsal is in one of its three parts: the next start brings the rehearsal to its end.
// No part begins twice, and the host stands as the verdict says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Says in {{ outside }}/applied and {{ outside }}/undone each time it runs, one line with its process, and stays there
// until {{ outside }}/go.apply.N or go.undo.N is there; N counts the lines.
const std::string holds_each_time = R"(- name: Hold
  command:
    run: [sh, -c, 'echo $$ >>"$1/applied"; n=$(wc -l <"$1/applied"); while [ ! -e "$1/go.apply.$n" ]; do sleep 0.1; done', sh, "{{ outside }}"]
    undo: [sh, -c, 'echo $$ >>"$1/undone"; n=$(wc -l <"$1/undone"); while [ ! -e "$1/go.undo.$n" ]; do sleep 0.1; done', sh, "{{ outside }}"]
    touches: ["{{ root }}/held"]
)";

std::vector<pid_t> processes(const std::filesystem::path& file) {
  std::vector<pid_t> out;
  std::istringstream lines(slurp(file));
  for (pid_t pid = 0; lines >> pid;) out.push_back(pid);
  return out;
}

class Rehearsal : public testing::Test {
 protected:
  explicit Rehearsal(bool held = true) : train({{.name = "test", .tier = "test"}}), host(train.host("test1")) {
    train.start();
    before = train.apps();
    const auto package = train.build(note("1.0", holds_each_time), train.signer());
    if (!held)
      for (int n = 1; n <= 4; ++n)
        for (const char* what : {"apply.", "undo."}) let_go(what + std::to_string(n));
    run = train.detached({"rehearse", package, "-e", "test"});
  }

  void let_go(const std::string& what) const { spill(host.outside / ("go." + what), ""); }

  // Waits until `count` processes were begun, kills the daemon while the last one holds, and starts it again.
  pid_t kill_while_held(const std::string& file, std::size_t count) {
    EXPECT_TRUE(until([&] { return processes(host.outside / file).size() == count; })) << train.log();
    const pid_t step = processes(host.outside / file).back();
    train.kill();
    EXPECT_TRUE(lives(step)) << "a step outlives the daemon; only its successor decides";
    train.start();
    return step;
  }

  void ended_with(int code, const std::string& words) {
    const Outcome watched = train.belay({"run", "watch", run});
    EXPECT_EQ(watched.code, code) << watched.all() << train.log();
    EXPECT_THAT(watched.out, HasSubstr(words));
    EXPECT_EQ(train.json({"status"})["runs_running"], 0);
  }

  // The parts that were begun, in order, by their exit codes; each is one run.
  std::vector<int> parts() {
    std::map<std::string, int> found;  // ids are in the order of time
    const auto listed = train.json({"run", "list"});
    for (const auto& item : listed["items"])
      if (item["kind"] != "rehearse") found[item["id"].get<std::string>()] = item["exit_code"].get<int>();
    std::vector<int> out;
    for (const auto& [id, code] : found) out.push_back(code);
    return out;
  }

  Train train;
  const TrainHost& host;
  Tree before;
  std::string run;
};

TEST_F(Rehearsal, KilledInItsFirstPartIsPutBack) {
  const pid_t step = kill_while_held("applied", 1);
  let_go("undo.1");
  ended_with(2, "part 1 of the rehearsal");
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  EXPECT_FALSE(lives(step)) << "the step still runs";
  EXPECT_EQ(processes(host.outside / "applied").size(), 1u);
  EXPECT_EQ(parts(), (std::vector<int>{2}));
}

TEST_F(Rehearsal, KilledOnItsWayBackIsFinished) {
  let_go("apply.1");
  let_go("apply.2");
  const pid_t undo = kill_while_held("undone", 1);
  // What was being put back is put back again, by one process alone; going forward happens once per part.
  EXPECT_TRUE(until([&] { return processes(host.outside / "undone").size() == 2; })) << train.log();
  EXPECT_FALSE(lives(undo)) << "two processes put the same step back";
  let_go("undo.2");
  ended_with(0, "REHEARSED: THE WAY BACK WORKS");
  EXPECT_EQ(processes(host.outside / "applied").size(), 2u);
  EXPECT_EQ(processes(host.outside / "undone").size(), 2u);
  EXPECT_EQ(parts(), (std::vector<int>{0, 0, 0}));
  EXPECT_EQ(slurp(host.app / "note"), "note 1.0\n");
  EXPECT_EQ(train.belay({"diff", "shop", "-e", "test"}).code, 0);
  // What stands is a deployment like any other, with what was there before the rehearsal below it.
  let_go("undo.3");
  EXPECT_EQ(train.belay({"rollback", "shop", "-e", "test"}).code, 0) << train.log();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
}

TEST_F(Rehearsal, KilledInItsLastPartIsPutBack) {
  let_go("apply.1");
  let_go("undo.1");
  const pid_t step = kill_while_held("applied", 2);
  let_go("undo.2");
  ended_with(2, "part 3 of the rehearsal");
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  EXPECT_FALSE(lives(step)) << "the step still runs";
  EXPECT_EQ(processes(host.outside / "applied").size(), 2u);
  EXPECT_EQ(parts(), (std::vector<int>{0, 0, 2}));
}

// Killed as soon as the record has the part: before, while or after its first effect.
class RehearsalPart : public Rehearsal, public testing::WithParamInterface<std::size_t> {
 protected:
  RehearsalPart() : Rehearsal(false) {}
};
INSTANTIATE_TEST_SUITE_P(Each, RehearsalPart, testing::Values(1u, 2u, 3u));

TEST_P(RehearsalPart, KilledAtItsBeginningIsNeitherForgottenNorDoneTwice) {
  ASSERT_TRUE(until([&] { return parts().size() == GetParam(); })) << train.log();
  train.kill();
  train.start();
  const Outcome watched = train.belay({"run", "watch", run});
  SCOPED_TRACE(watched.all() + train.log());
  EXPECT_EQ(train.json({"status"})["runs_running"], 0);
  EXPECT_LE(processes(host.outside / "applied").size(), 2u);
  if (watched.code == 0) {
    EXPECT_EQ(parts(), (std::vector<int>{0, 0, 0}));
    EXPECT_EQ(slurp(host.app / "note"), "note 1.0\n");
    EXPECT_EQ(train.belay({"rollback", "shop", "-e", "test"}).code, 0);
  } else {
    // 1: the part had touched nothing yet; 2: it went back. A way back is never given up.
    EXPECT_THAT(watched.code, testing::AnyOf(1, 2));
    EXPECT_NE(GetParam(), 2u);
    EXPECT_EQ(parts().size(), GetParam());
  }
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
}

}  // namespace
}  // namespace belay::test
