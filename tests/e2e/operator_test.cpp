// What an operator is told, end to end: by a host that cannot have a boot hook.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

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

}  // namespace
}  // namespace belay::test
