// Before anything is touched: every host is taken, looked at and provided for, or nothing begins at all.
#include <gtest/gtest.h>

#include "tests/unit/reduce/fold.hpp"

namespace belay::reduce::testing {
namespace {

TEST(Prepare, NothingIsToDoBeforeThereIsAPlan) {
  const Plan plan = plan_of(1, 1);
  EXPECT_TRUE(next(initial(RunKind::deploy, plan), plan).empty());
}

TEST(Prepare, HostByHostAndThenAllTogether) {
  Fold fold(plan_of(2, 1));
  EXPECT_EQ(fold.does(), (Tasks{"h1 fence", "h2 fence"}));
  fold.host("h1", EventType::host_fenced);
  EXPECT_EQ(fold.does(), (Tasks{"h1 ready", "h2 fence"}));
  fold.host("h1", EventType::host_ready);
  // Nothing is sent before every host has said that it will do.
  EXPECT_EQ(fold.does(), (Tasks{"h2 fence"}));
  fold.host("h2", EventType::host_fenced).host("h2", EventType::host_ready);
  EXPECT_EQ(fold.does(), (Tasks{"h1 stage", "h2 stage"}));
  fold.host("h1", EventType::host_staged);
  EXPECT_EQ(fold.does(), (Tasks{"h2 stage"}));
  fold.host("h2", EventType::host_staged);
  EXPECT_EQ(fold.does(), (Tasks{"start"}));
  EXPECT_EQ(fold.run(EventType::run_started).does(), (Tasks{"h1 snapshot 1", "h2 snapshot 1"}));
}

TEST(Prepare, AHostThatWillNotDoEndsTheRunUntouched) {
  struct Case {
    EventType type;
    int rc;
    int exit_code;
  };
  for (const Case& one :
       {Case{EventType::host_failed, 1, 1}, Case{EventType::host_failed, 5, 5}, Case{EventType::host_lost, 0, 4}}) {
    Fold fold(plan_of(2, 1));
    fold.host("h1", one.type, true, one.rc, "no room");
    // The others are still asked, so that the message names all of them.
    EXPECT_EQ(fold.does(), (Tasks{"h2 fence"}));
    fold.host("h2", EventType::host_fenced);
    EXPECT_EQ(fold.does(), (Tasks{"h2 ready"}));
    fold.host("h2", EventType::host_ready);
    EXPECT_EQ(fold.does(), (Tasks{fmt::format("end {}", one.exit_code)}));
    EXPECT_EQ(fold.why(), "h1: no room");
  }
}

TEST(Prepare, EveryHostThatWillNotDoIsNamed) {
  Fold fold(plan_of(3, 1));
  fold.host("h1", EventType::host_lost, true, 0, "no route").host("h2", EventType::host_failed, true, 5, "drifted");
  fold.host("h3", EventType::host_fenced).host("h3", EventType::host_ready);
  EXPECT_EQ(fold.does(), Tasks{"end 4"});
  EXPECT_EQ(fold.why(), "h1: no route; h2: drifted");
}

TEST(Prepare, AnAbortEndsItAtOnce) {
  Fold fold(plan_of(2, 1));
  fold.host("h1", EventType::host_fenced).run(EventType::run_abort, 0, "stopped by ann");
  EXPECT_EQ(fold.does(), Tasks{"end 1"});
  EXPECT_EQ(fold.why(), "stopped by ann");
}

TEST(Prepare, ARollbackStagesNothingAndTriesAgain) {
  Fold fold(plan_of(2, 1), RunKind::rollback);
  fold.host("h1", EventType::host_lost);
  EXPECT_EQ(fold.does(), (Tasks{"h1 fence", "h2 fence"}));
  for (const char* name : {"h1", "h2"}) fold.host(name, EventType::host_fenced).host(name, EventType::host_ready);
  EXPECT_EQ(fold.does(), Tasks{"start"});
  EXPECT_EQ(fold.run(EventType::run_started).does(), (Tasks{"h1 restore 1", "h2 restore 1"}));
}

TEST(Prepare, ARollbackPutsBackWhatItCanReach) {
  Fold fold(plan_of(2, 1), RunKind::rollback);
  for (int i = 0; i < give_up_after(fold.plan); ++i) fold.host("h1", EventType::host_lost);
  fold.host("h2", EventType::host_fenced).host("h2", EventType::host_ready);
  EXPECT_EQ(fold.does()[0], "start");
  fold.run(EventType::run_started);
  EXPECT_EQ(fold.does(), Tasks{"h2 restore 1"});
  fold.restored("h2", 1)
      .host("h2", EventType::host_settled)
      .step("h2", 1, EventType::rb_proven)
      .host("h2", EventType::host_final);
  EXPECT_EQ(fold.does(), Tasks{"end 3"});
  EXPECT_EQ(fold.why(), "could not be reached to be put back: h1");
}

TEST(Prepare, ARollbackLeavesOutWhatThePlanSkipped) {
  Plan plan = plan_of(2, 2);
  plan.hosts[0].steps[1].skipped = true;
  plan.hosts[1].steps[0].skipped = plan.hosts[1].steps[1].skipped = true;
  Fold fold(plan, RunKind::rollback);
  for (const char* name : {"h1", "h2"}) fold.host(name, EventType::host_fenced).host(name, EventType::host_ready);
  fold.run(EventType::run_started);
  EXPECT_EQ(fold.does(), Tasks{"h1 restore 1"});
  fold.restored("h1", 1)
      .host("h1", EventType::host_settled)
      .step("h1", 1, EventType::rb_proven)
      .host("h1", EventType::host_final);
  EXPECT_EQ(fold.does(), Tasks{"end 0"});
}

}  // namespace
}  // namespace belay::reduce::testing
