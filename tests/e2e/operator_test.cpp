// What an operator is told, end to end: by a host that cannot have a boot hook, and about a host that could not be put
// back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

// No crontab of this machine is written: the copy of the kit, which comes first, cannot be made.
TEST(BootHook, WhatTheHostSaysReachesTheScreenWhole) {
  Train train({{.name = "dev", .more = "dead_man: 60s\n"}});
  train.start();
  const TrainHost& host = train.host("dev1");
  const Outcome shown = train.belay({"host", "guard", "dev1", "--show"});
  EXPECT_EQ(shown.code, 0) << shown.all() << train.log();
  EXPECT_THAT(shown.out, HasSubstr("dev1: no boot hook\n"));
  EXPECT_THAT(shown.out, HasSubstr("`belay host guard NAME` would make it class A"));
  spill(host.base / "guard", "in the way");
  const Outcome refused = train.belay({"host", "guard", "dev1"});
  EXPECT_EQ(refused.code, 1) << refused.all();
  EXPECT_THAT(refused.err, HasSubstr("the copy of the kit for the boot hook could not be written in " +
                                     (host.base / "guard").string()));
  const Outcome removed = train.belay({"host", "guard", "dev1", "--remove"});
  EXPECT_EQ(removed.code, 0) << removed.all();
  EXPECT_FALSE(fs::exists(host.base / "guard"));
  EXPECT_EQ(train.belay({"host", "guard", "dev9"}).code, 1);
  EXPECT_THAT(train.log(), HasSubstr("boot hook of dev1: remove asked for by"));
}

// Writes into what is captured, then says so and waits for {{ outside }}/go.
const std::string works_and_holds = R"(- name: Work
  command:
    run: [sh, -c, 'echo changed >"$1/data/kept"; echo $$ >"$2/holding";
      while [ ! -e "$2/go" ]; do sleep 0.1; done', sh, "{{ root }}", "{{ outside }}"]
    touches: ["{{ root }}/data"]
)";

TEST(NeedsOperator, SaysWhatStandsWhereAndTheWayOnWorks) {
  Train train;
  train.start();
  const TrainHost& host = train.host("dev1");
  const Tree before = train.apps();
  const std::string run =
      train.detached({"deploy", train.build(note("1.0", works_and_holds + fails_on("dev1"))), "-e", "dev"});
  ASSERT_TRUE(until([&] { return slurp(host.outside / "holding").ends_with("\n"); })) << train.log();
  const fs::path snapshot = host.base / "runs" / run / "2/snap";
  const fs::path data = snapshot / "0/data.tar";
  const std::string whole = slurp(data);
  fs::permissions(data, fs::perms(0600));
  spill(data, "garbage");
  spill(host.outside / "go", "");
  ASSERT_EQ(train.belay({"run", "watch", run}).code, 3) << train.log();

  const std::string text = train.belay({"run", "show", run}).out;
  EXPECT_THAT(text, HasSubstr("Nothing was deleted"));
  EXPECT_THAT(text, HasSubstr("\ndev1  ssh -p "));
  EXPECT_THAT(text, HasSubstr("snapshot  " + snapshot.string() + " on dev1\n"));
  EXPECT_THAT(text, HasSubstr("copy      none"));
  EXPECT_THAT(text, HasSubstr("token     committed: the step stands"));
  EXPECT_THAT(text, HasSubstr("differs   " + (host.app / "data/kept").string()));
  EXPECT_THAT(text, HasSubstr("belay rollback " + run));
  EXPECT_THAT(text, HasSubstr("--reason"));
  EXPECT_EQ(slurp(data), "garbage") << "nothing is deleted";

  // The commands are what they say. A look finds the damage; with the snapshot whole again, the way back goes to its
  // end.
  const Outcome look = Child({"sh", "-c", "cd " + snapshot.string() + " && sha256sum -c SUMS"}, {"PATH=/usr/bin:/bin"},
                             train.directory() / "look.out", train.directory() / "look.err")
                           .finish();
  EXPECT_NE(look.code, 0);
  EXPECT_THAT(look.out, HasSubstr("./0/data.tar: FAILED"));
  spill(data, whole);
  const Outcome back = train.belay({"rollback", run});
  EXPECT_EQ(back.code, 0) << back.all() << train.log();
  EXPECT_THAT(differences(before, train.apps()), testing::IsEmpty());
  EXPECT_THAT(train.belay({"run", "show", run}).out, Not(HasSubstr("belay block lift")));
}

}  // namespace
}  // namespace belay::test
