// The dead-man's switch and the daemon's copies, end to end: what the host does when nobody can tell it anything any
// more, and what the daemon does when the host has lost its snapshot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

// Writes into what is captured, then says so and waits for {{ outside }}/go.
const std::string works_and_holds = R"(- name: Work
  command:
    run: [sh, -c, 'echo changed >"$1/data/kept"; rm -f "$1/data/dangling"; echo $$ >"$2/holding";
      while [ ! -e "$2/go" ]; do sleep 0.1; done', sh, "{{ root }}", "{{ outside }}"]
    touches: ["{{ root }}/data"]
)";

Place guarded(const std::string& more) { return {.name = "dev", .more = more}; }

bool holds(const TrainHost& host) {
  return until([&] { return slurp(host.outside / "holding").ends_with("\n"); });
}

std::string text_of(Train& train, const std::string& run) {
  return train.belay({"run", "show", run, "-o", "json"}).out;
}

TEST(Guard, AHostTakesAStepBackAloneWhenTheDaemonIsGone) {
  Train train({guarded("dead_man: 10s\n")});
  train.start();
  const TrainHost& host = train.host("dev1");
  const Tree before = train.apps();
  const std::string run = train.detached({"deploy", train.build(note("1.0", works_and_holds)), "-e", "dev"});
  ASSERT_TRUE(holds(host)) << train.log();
  train.kill();
  ASSERT_NE(slurp(host.app / "data/kept"), "kept\n");
  // Nobody is there; only the second step is guarded, the first stands committed until the daemon is back.
  ASSERT_TRUE(until([&] { return fs::exists(host.base / "runs" / run / "2/restored"); })) << train.log();
  EXPECT_EQ(slurp(host.app / "data/kept"), "kept\n");
  EXPECT_EQ(fs::read_symlink(host.app / "data/dangling"), "/nowhere");
  train.start();
  const Outcome ended = train.belay({"run", "watch", run});
  EXPECT_EQ(ended.code, 2) << ended.all() << train.log();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  EXPECT_THAT(ended.all() + text_of(train, run), HasSubstr("the host had taken it back by itself"));
}

TEST(Guard, AStepThatLocksEverybodyOutIsTakenBack) {
  Train train({guarded("dead_man: 60s\nconnect_timeout: 5s\n")});
  train.start();
  const TrainHost& host = train.host("dev1");
  const Tree before = train.apps();
  const std::string locks_out = R"(- name: Lock out
  command:
    run: [sh, -c, 'echo changed >"$1/data/kept"; kill "$2"', sh, "{{ root }}", ")" +
                                std::to_string(host.sshd->pid()) + "\"]\n    touches: [\"{{ root }}/data\"]\n";
  const std::string run = train.detached({"deploy", train.build(note("1.0", locks_out)), "-e", "dev"});
  const Outcome ended = train.belay({"run", "watch", run});
  EXPECT_EQ(ended.code, 2) << ended.all() << train.log();
  EXPECT_THAT(ended.out, HasSubstr("no new connection to the host can be made"));
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
}

TEST(Guard, AStepThatOutlivesItsDeadlineIsRenewed) {
  Train train({guarded("dead_man: 10s\n")});
  train.start();
  const std::string slow = "- name: Slow\n  command: {run: [sleep, '25'], touches: [\"{{ root }}/data\"]}\n";
  const Outcome said = train.belay({"deploy", train.build(note("1.0", slow)), "-e", "dev"});
  EXPECT_EQ(said.code, 0) << said.all() << train.log();
  const TrainHost& host = train.host("dev1");
  EXPECT_EQ(slurp(host.app / "note"), "note 1.0\n");
  // And no switch is left behind to strike later.
  for (const auto& entry : fs::recursive_directory_iterator(host.base / "runs")) {
    EXPECT_NE(entry.path().filename(), "armed") << entry.path();
    EXPECT_NE(entry.path().filename(), "firing") << entry.path();
  }
}

// What has the daemon's copy of the snapshot of step 1 to do.
enum class Harm : std::uint8_t { changed, deleted, all_deleted };

class Copies : public testing::TestWithParam<Harm> {};

INSTANTIATE_TEST_SUITE_P(Of, Copies, testing::Values(Harm::changed, Harm::deleted, Harm::all_deleted),
                         [](const auto& info) {
                           return info.param == Harm::changed   ? "AChangedSnapshot"
                                  : info.param == Harm::deleted ? "ADeletedSnapshot"
                                                                : "AStepThatIsGone";
                         });

TEST_P(Copies, TakeTheHostBack) {
  Train train({guarded("copy_snapshots: true\n")});
  train.start();
  const TrainHost& host = train.host("dev1");
  const std::string secret = "secret-of-the-host-that-nobody-may-read";
  for (int i = 0; i < 100; ++i) spill(host.app / "data" / ("file" + std::to_string(i)), secret + std::to_string(i));
  const Tree before = train.apps();
  const std::string run =
      train.detached({"deploy", train.build(note("1.0", works_and_holds + fails_on("dev1"))), "-e", "dev"});
  ASSERT_TRUE(holds(host)) << train.log();
  const fs::path step = host.base / "runs" / run / "2";
  ASSERT_TRUE(fs::exists(step / "snap/0/data.tar"));
  if (GetParam() == Harm::changed) {
    fs::permissions(step / "snap/0/data.tar", fs::perms(0600));
    spill(step / "snap/0/data.tar", "garbage");
  } else {
    fs::remove_all(GetParam() == Harm::deleted ? step / "snap" : step);
  }
  spill(host.outside / "go", "");
  const Outcome ended = train.belay({"run", "watch", run});
  EXPECT_EQ(ended.code, 2) << ended.all() << train.log();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  EXPECT_THAT(ended.all() + text_of(train, run), HasSubstr("from the daemon's copy"));
  if (GetParam() == Harm::changed) EXPECT_EQ(slurp(step / "snap.bad.1/0/data.tar"), "garbage") << "it is kept aside";
  // At rest, nothing of it can be read.
  for (const auto& entry : fs::recursive_directory_iterator(train.state()))
    if (entry.is_regular_file())
      EXPECT_EQ(slurp(entry.path()).find(secret), std::string::npos) << entry.path() << " holds it in the open";
}

TEST(Copies, BothBadNeedAnOperatorAndNothingIsDeleted) {
  Train train({guarded("copy_snapshots: true\n")});
  train.start();
  const TrainHost& host = train.host("dev1");
  const std::string run =
      train.detached({"deploy", train.build(note("1.0", works_and_holds + fails_on("dev1"))), "-e", "dev"});
  ASSERT_TRUE(holds(host)) << train.log();
  const fs::path snapshot = host.base / "runs" / run / "2/snap";
  fs::permissions(snapshot / "0/data.tar", fs::perms(0600));
  spill(snapshot / "0/data.tar", "garbage");
  // One bit of every sealed copy.
  int sealed = 0;
  for (const auto& entry : fs::recursive_directory_iterator(train.state() / "blobs")) {
    if (!entry.is_regular_file()) continue;
    std::string bytes = slurp(entry.path());
    if (!bytes.starts_with("belay sealed 1\n")) continue;
    ++sealed;
    bytes[bytes.size() / 2] ^= 1;
    fs::permissions(entry.path(), fs::perms(0600));
    spill(entry.path(), bytes);
  }
  EXPECT_EQ(sealed, 2) << "one per step so far: " << train.log();
  spill(host.outside / "go", "");
  const Outcome ended = train.belay({"run", "watch", run});
  EXPECT_EQ(ended.code, 3) << ended.all() << train.log();
  EXPECT_THAT(ended.out, HasSubstr("the daemon's copy could not be used either"));
  EXPECT_TRUE(fs::exists(snapshot / "MANIFEST"));
  EXPECT_EQ(slurp(snapshot / "0/data.tar"), "garbage");
}

}  // namespace
}  // namespace belay::test
