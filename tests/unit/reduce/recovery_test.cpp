// A new daemon folds what an old one wrote: hosts are fenced first, unknown outcomes asked for, and nothing else
// begins.
#include <gtest/gtest.h>

#include "tests/unit/reduce/fold.hpp"

namespace belay::reduce::testing {
namespace {

TEST(Recovery, EveryHostIsFencedBeforeAnythingElse) {
  Plan plan = plan_of(3, 2);
  plan.hosts[2].batch = 1;
  Fold fold(plan);
  fold.prepared().committed("h1", 1).snapped("h2", 1).restarted();
  EXPECT_EQ(fold.does(), (Tasks{"h1 fence", "h2 fence", "h3 fence"}));
  fold.host("h1", EventType::host_fenced).host("h2", EventType::host_fenced);
  EXPECT_EQ(fold.does(), Tasks{"h3 fence"});
  fold.host("h3", EventType::host_fenced);
  EXPECT_EQ(fold.does(), (Tasks{"h1 snapshot 2", "h2 arm 1"}));
}

TEST(Recovery, AnUnknownOutcomeHoldsUpEveryHost) {
  Fold fold(plan_of(2, 2));
  fold.prepared().committed("h1", 1).snapped("h2", 1).step("h2", 1, EventType::apply_intent).restarted();
  fold.host("h1", EventType::host_fenced).host("h2", EventType::host_fenced);
  EXPECT_EQ(fold.does(), Tasks{"h2 probe 1"});
  Fold done = fold;
  done.step("h2", 1, EventType::probed).step("h2", 1, EventType::apply_done);
  EXPECT_EQ(done.does(), (Tasks{"h1 snapshot 2", "h2 verify 1"}));
  Fold died = fold;
  died.step("h2", 1, EventType::probed, false);
  EXPECT_EQ(died.does(), Tasks{"go back"});
}

TEST(Recovery, AProbeAsksForTheAttemptThatWasUnderWay) {
  Plan plan = plan_of(1, 1);
  plan.steps[0].retries = 5;
  Fold fold(plan);
  fold.prepared().snapped("h1", 1);
  for (int i = 0; i < 2; ++i)
    fold.step("h1", 1, EventType::apply_intent).step("h1", 1, EventType::apply_done, false, 1);
  fold.step("h1", 1, EventType::apply_intent).restarted().host("h1", EventType::host_fenced);
  EXPECT_EQ(fold.does(), Tasks{"h1 probe 1 try 3"});
  // R5: begun and unknown is never begun again, whatever retries are left.
  EXPECT_EQ(fold.step("h1", 1, EventType::probed, false).does(), Tasks{"go back"});
}

TEST(Recovery, AKnownFailureMayStillBeRetried) {
  Plan plan = plan_of(1, 1);
  plan.steps[0].retries = 1;
  Fold fold(plan);
  fold.prepared()
      .snapped("h1", 1)
      .step("h1", 1, EventType::apply_intent)
      .step("h1", 1, EventType::apply_done, false, 1);
  fold.restarted().host("h1", EventType::host_fenced);
  EXPECT_EQ(fold.does(), Tasks{"h1 apply 1 try 2"});
}

TEST(Recovery, EveryPhaseGoesOnWhereItWas) {
  struct Case {
    EventType last;
    const char* then;
  };
  for (const Case& one : {Case{EventType::snap_intent, "h1 snapshot 1"}, Case{EventType::snap_done, "h1 arm 1"},
                          Case{EventType::armed, "h1 arm 1"}, Case{EventType::apply_intent, "h1 probe 1"},
                          Case{EventType::apply_done, "h1 verify 1"}, Case{EventType::verify_done, "h1 commit 1"},
                          Case{EventType::commit_intent, "h1 commit 1"}, Case{EventType::committed, "h1 finish"}}) {
    Fold fold(plan_of(1, 1));
    fold.prepared();
    for (const EventType type :
         {EventType::snap_intent, EventType::snap_done, EventType::armed, EventType::apply_intent,
          EventType::apply_done, EventType::verify_done, EventType::commit_intent, EventType::committed}) {
      fold.step("h1", 1, type);
      if (type == one.last) break;
    }
    fold.restarted();
    EXPECT_EQ(fold.does(), Tasks{"h1 fence"}) << to_string(one.last);
    EXPECT_EQ(fold.host("h1", EventType::host_fenced).does(), Tasks{one.then}) << to_string(one.last);
  }
}

TEST(Recovery, ALossThatWasWrittenDownTurnsTheRunBack) {
  Fold fold(plan_of(2, 1));
  fold.prepared()
      .snapped("h1", 1)
      .step("h1", 1, EventType::apply_intent)
      .host("h1", EventType::host_lost, true, 0, "cut")
      .restarted();
  EXPECT_EQ(fold.does(), Tasks{"go back"});
}

TEST(Recovery, AWayBackGoesOn) {
  Fold fold(plan_of(2, 2));
  fold.prepared().committed("h1", 1).applied("h1", 2).committed("h2", 1).run(EventType::run_back);
  fold.restored("h1", 2).step("h1", 1, EventType::rb_intent).restarted();
  EXPECT_EQ(fold.does(), (Tasks{"h1 fence", "h2 fence"}));
  fold.host("h1", EventType::host_fenced);
  EXPECT_EQ(fold.does(), (Tasks{"h1 restore 1", "h2 fence"}));
}

TEST(Recovery, WhatWasProvenStaysProven) {
  Fold fold(plan_of(2, 1));
  fold.prepared()
      .committed("h1", 1)
      .committed("h2", 1)
      .run(EventType::run_back)
      .restored("h1", 1)
      .host("h1", EventType::host_settled);
  fold.step("h1", 1, EventType::rb_proven).host("h1", EventType::host_final).restarted();
  EXPECT_EQ(fold.does(), Tasks{"h2 fence"});
}

TEST(Recovery, AnEndIsAnEnd) {
  Fold fold(plan_of(1, 1));
  fold.prepared().committed("h1", 1).host("h1", EventType::host_final).run(EventType::run_ended, 0).restarted();
  EXPECT_TRUE(fold.does().empty());
  EXPECT_EQ(fold.state.stage, Stage::ended);
}

TEST(Recovery, AFenceOfThisDaemonHoldsItsGeneration) {
  Fold fold(plan_of(1, 1));
  fold.host("h1", EventType::host_fenced, true, 7);
  EXPECT_EQ(fold.state.hosts[0].generation, 7);
  EXPECT_EQ(fold.state.hosts[0].fenced_by, 1u);
  fold.restarted();
  EXPECT_EQ(fold.state.hosts[0].generation, -1);
}

TEST(Names, OfPhasesAndStages) {
  for (int i = 0; i <= static_cast<int>(Phase::needs_operator); ++i)
    EXPECT_NE(to_string(static_cast<Phase>(i)), "?") << i;
  EXPECT_EQ(to_string(Phase::not_proven), "not-proven");
  EXPECT_EQ(to_string(Phase::needs_operator), "needs-operator");
  for (int i = 0; i <= static_cast<int>(Stage::ended); ++i) EXPECT_NE(to_string(static_cast<Stage>(i)), "?") << i;
}

}  // namespace
}  // namespace belay::reduce::testing
