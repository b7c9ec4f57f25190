// Forward, back from a failure in a later batch, back from a finished deployment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::Each;
using testing::Eq;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* serial = "[1, 2]";

class Deploy : public OverTransports {};
INSTANTIATE_TEST_SUITE_P(Over, Deploy, every_transport, name_of_transport);

TEST_P(Deploy, GoesForwardInBatchesAndEveryTouchedHostComesBackWhenALaterOneFails) {
  Train train({{.name = "dev", .hosts = 3, .transport = GetParam()}});
  train.start();
  const Outcome first = train.belay({"deploy", train.build(shop("1.0", "", serial)), "-e", "dev", "--reason", "first"});
  ASSERT_EQ(first.code, 0) << first.all() << train.log();
  for (const TrainHost& host : train.hosts()) EXPECT_TRUE(stands(host, "1.0")) << host.name;
  EXPECT_THAT(first.out, HasSubstr("DONE, VERIFIED"));

  const Tree before = train.apps();
  const fs::path broken = train.build(shop("1.1", fails_on("dev3"), serial));
  const auto failed = train.json({"deploy", broken.string(), "-e", "dev"});
  const std::string id = failed["run"]["id"];
  EXPECT_EQ(failed["run"]["exit_code"], 2) << failed.dump(2) << train.log();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  for (const auto& host : failed["hosts"]) EXPECT_EQ(host["state"], "back") << host.dump(2);
  // The first batch was finished before the second began: dev1 had all of it, and came back too.
  // dev2 goes beside dev3, which fails: it may be turned back before it came as far.
  for (const TrainHost& host : train.hosts())
    EXPECT_THAT(executions(host), AnyOf(Eq("1.0\n1.1\n"), Eq(host.name == "dev2" ? "1.0\n" : "1.0\n1.1\n")))
        << host.name;

  const auto proof = train.json({"proof", id});
  EXPECT_EQ(proof["proven"], true) << proof.dump(2);
  EXPECT_EQ(proof["hosts"].size(), 3u);
  EXPECT_EQ(train.belay({"diff", "shop", "-e", "dev"}).code, 0);
  const Outcome logs = train.belay({"logs", id});
  EXPECT_THAT(logs.out, HasSubstr("it broke"));

  // The package is blocked until a person lifts that; the digest may be given by its first digits, as Belay prints it.
  const Outcome again = train.belay({"deploy", broken.string(), "-e", "dev"});
  EXPECT_EQ(again.code, 5) << again.all();
  EXPECT_THAT(again.err, HasSubstr("blocked"));
  EXPECT_THAT(again.err, HasSubstr("belay block lift"));
  const std::string brief = failed["run"]["package"].get<std::string>().substr(0, 12);
  const Outcome lifted = train.belay({"block", "lift", brief, "-e", "dev", "--reason", "try again"});
  EXPECT_EQ(lifted.code, 0) << lifted.all();
  const Outcome third = train.belay({"deploy", broken.string(), "-e", "dev"});
  EXPECT_EQ(third.code, 2) << third.all();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
}

// What `belay baseline list` shows, newest first: "1.1 current", "1.0".
std::vector<std::string> baselines(Train& train) {
  std::vector<std::string> out;
  const auto listed = train.json({"baseline", "list", "shop", "-e", "dev"});
  for (const auto& item : listed["items"])
    out.push_back(item["version"].get<std::string>() + (item["current"].get<bool>() ? " current" : ""));
  return out;
}

TEST(Rollback, TakesFinishedDeploymentsBackOneByOneByteForByte) {
  Train train({{.name = "dev", .hosts = 2}});
  train.start();
  std::vector<Tree> trees{train.apps()};
  for (const char* version : {"1.0", "1.1", "1.2"}) {
    const Outcome done = train.belay({"deploy", train.build(shop(version)), "-e", "dev"});
    ASSERT_EQ(done.code, 0) << done.all() << train.log();
    trees.push_back(train.apps());
  }
  EXPECT_EQ(baselines(train), (std::vector<std::string>{"1.2 current", "1.1", "1.0"}));

  const Outcome back = train.belay({"rollback", "shop", "-e", "dev", "--reason", "login is broken"});
  EXPECT_EQ(back.code, 0) << back.all() << train.log();
  EXPECT_THAT(back.out, HasSubstr("PUT BACK, PROVEN"));
  EXPECT_THAT(differences(trees[2], train.apps()), IsEmpty());
  EXPECT_EQ(baselines(train), (std::vector<std::string>{"1.2", "1.1 current", "1.0"}));
  EXPECT_EQ(train.belay({"diff", "shop", "-e", "dev"}).code, 0);

  // Somebody changes a file of the release and one beside it: the first is a conflict, the second none of our business.
  const TrainHost& host = train.host("dev1");
  spill(host.app / "etc/shop.conf", "edited by hand\n");
  spill(host.app / "etc/neighbour.conf", "still not ours\n");
  Tree expected = trees[1];
  expected["dev1/etc/neighbour.conf"] = train.apps()["dev1/etc/neighbour.conf"];
  EXPECT_EQ(train.belay({"diff", "shop", "-e", "dev"}).code, 1);
  const Outcome conflict = train.belay({"rollback", "shop", "-e", "dev"});
  EXPECT_EQ(conflict.code, 0) << conflict.all();
  EXPECT_THAT(conflict.out, HasSubstr("etc/shop.conf"));
  EXPECT_THAT(differences(expected, train.apps()), IsEmpty());
  std::vector<std::string> kept;
  for (const auto& entry : fs::recursive_directory_iterator(host.base / "conflicts"))
    if (entry.is_regular_file()) kept.push_back(slurp(entry.path()));
  EXPECT_THAT(kept, testing::Contains("edited by hand\n"));
  EXPECT_EQ(baselines(train), (std::vector<std::string>{"1.2", "1.1", "1.0 current"}));

  const Outcome last = train.belay({"rollback", "shop", "-e", "dev"});
  EXPECT_EQ(last.code, 0) << last.all();
  Tree untouched = trees[0];
  untouched["dev1/etc/neighbour.conf"] = expected["dev1/etc/neighbour.conf"];
  EXPECT_THAT(differences(untouched, train.apps()), IsEmpty());
  EXPECT_EQ(baselines(train), (std::vector<std::string>{"1.2", "1.1", "1.0"}));
  const Outcome nothing = train.belay({"rollback", "shop", "-e", "dev"});
  EXPECT_NE(nothing.code, 0);
  EXPECT_THAT(nothing.err, HasSubstr("no finished deployment of shop in dev"));
}

}  // namespace
}  // namespace belay::test
