// A host that is not as it was is never called back: what differs is named, and the exit code is 3.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

// The way back restores Work's directory first and then waits in Slow's undo, until {{ outside }}/go is there: time
// enough to plant something between the restore and its proof.
const std::string slow_back = R"(- name: Slow
  command:
    run: [sh, -c, 'echo on >"$1/state"', sh, "{{ outside }}"]
    undo: [sh, -c, 'echo >"$1/undoing"; while [ ! -e "$1/go" ]; do sleep 0.1; done; rm -f "$1/state"', sh, "{{ outside }}"]
    state: [sh, -c, 'cat "$1/state" 2>/dev/null || echo off', sh, "{{ outside }}"]
- name: Work
  command:
    run: [sh, -c, 'chmod 0755 "$1/data/kept"; echo more >"$1/data/more"', sh, "{{ root }}"]
    touches: ["{{ root }}/data"]
)";

TEST(Proof, APlantedModeAndALeftOverFileAreNamedAndEndWithThree) {
  Train train;
  train.start();
  const TrainHost& host = train.host("dev1");
  fs::permissions(host.app / "data/kept", fs::perms(0640));
  const Tree before = train.apps();
  const fs::path package = train.build(note("1.0", slow_back + fails_on("dev1")));
  Child deploy = train.begin({"deploy", package, "-e", "dev"});
  ASSERT_TRUE(until([&] { return fs::exists(host.outside / "undoing"); })) << train.log();
  ASSERT_FALSE(fs::exists(host.app / "data/more"));
  fs::permissions(host.app / "data/kept", fs::perms(0646));
  spill(host.app / "data/left over", "planted");
  spill(host.outside / "go", "");
  const Outcome said = deploy.finish();
  EXPECT_EQ(said.code, 3) << said.all() << train.log();
  EXPECT_THAT(said.out, HasSubstr("ROLLBACK INCOMPLETE OR NOT PROVEN"));
  EXPECT_THAT(said.out, HasSubstr("data/kept"));
  EXPECT_THAT(said.out, HasSubstr("0646"));
  EXPECT_THAT(said.out, HasSubstr("0640"));
  EXPECT_THAT(said.out, HasSubstr("data/left over"));
  EXPECT_EQ(differences(before, train.apps()).size(), 3u) << "kept, its twin, and what was left over";

  const auto runs = train.json({"run", "list"});
  const std::string id = runs["items"][0]["id"];
  const auto proof = train.json({"proof", id});
  EXPECT_EQ(proof["proven"], false);
  const std::string text = proof.dump();
  EXPECT_THAT(text, HasSubstr("data/kept"));
  EXPECT_THAT(text, HasSubstr("0646"));
  EXPECT_THAT(text, HasSubstr("left"));
  const Outcome shown = train.belay({"proof", id});
  EXPECT_THAT(shown.out, HasSubstr("0646"));
  EXPECT_THAT(shown.out, HasSubstr("left"));
  // Nothing is deleted: the snapshot still stands, and the package is blocked.
  EXPECT_TRUE(fs::exists(host.base / "runs" / id / "3/snap/COMPLETE"));
  EXPECT_EQ(train.belay({"deploy", package, "-e", "dev"}).code, 5);

  // Nor does anything else go over it, drift or not, before it is put right; the way back may be gone again.
  const fs::path next = train.build(note("1.1"));
  const Outcome refused = train.belay({"deploy", next, "-e", "dev"});
  EXPECT_EQ(refused.code, 5) << refused.all();
  EXPECT_THAT(refused.err, HasSubstr("run " + id + " left hosts of dev that are not proven to be back"));
  EXPECT_THAT(refused.err, HasSubstr("`belay rollback " + id + "`"));
  const Outcome again = train.belay({"rollback", id});
  EXPECT_EQ(again.code, 0) << again.all() << train.log();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  EXPECT_EQ(train.json({"run", "show", id})["run"]["state"], "rolled-back");
  const Outcome done = train.belay({"deploy", next, "-e", "dev"});
  EXPECT_EQ(done.code, 0) << done.all() << train.log();
  EXPECT_EQ(train.belay({"deploy", package, "-e", "dev"}).code, 5) << "its package failed, whatever came later";
}

TEST(Proof, AnUndoWithoutAnythingToCompareIsNotAProof) {
  Train train;
  train.start();
  const std::string blind = R"(- name: Blind
  command: {run: [sh, -c, 'echo on >"$1/state"', sh, "{{ outside }}"], undo: [sh, -c, 'rm "$1/state"', sh, "{{ outside }}"]}
)";
  const Outcome said = train.belay({"deploy", train.build(note("1.0", blind + fails_on("dev1"))), "-e", "dev"});
  EXPECT_EQ(said.code, 3) << said.all() << train.log();
  EXPECT_FALSE(fs::exists(train.host("dev1").outside / "state")) << "undo did not run";
  EXPECT_THAT(said.out, HasSubstr("Blind"));
  EXPECT_THAT(said.out, HasSubstr("`touches` or `state`"));

  // What no second try can prove, a person looks at and vouches for.
  const fs::path next = train.build(note("1.1"));
  EXPECT_EQ(train.belay({"deploy", next, "-e", "dev"}).code, 5);
  const std::string run = train.json({"run", "list"})["items"][0]["id"];
  const std::string failed = train.json({"run", "list", "--state", "needs-operator"})["items"][0]["package"];
  EXPECT_EQ(train.belay({"block", "lift", failed, "-e", "dev", "--reason", "looked at " + run}).code, 0);
  const Outcome done = train.belay({"deploy", next, "-e", "dev"});
  EXPECT_EQ(done.code, 0) << done.all() << train.log();
}

}  // namespace
}  // namespace belay::test
