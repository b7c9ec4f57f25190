// The way forward: the order of a step, batches, steps that run once, retries, conditions, and when it turns back.
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/reduce/fold.hpp"

namespace belay::reduce::testing {
namespace {

TEST(Forward, TheOrderOfOneStep) {
  Fold fold(plan_of(1, 1));
  fold.prepared();
  struct Case {
    EventType type;
    const char* then;
  };
  EXPECT_EQ(fold.does(), Tasks{"h1 snapshot 1"});
  for (const Case& one : {Case{EventType::snap_intent, "h1 snapshot 1"}, Case{EventType::snap_done, "h1 arm 1"},
                          Case{EventType::armed, "h1 apply 1"}, Case{EventType::apply_intent, nullptr},
                          Case{EventType::apply_done, "h1 verify 1"}, Case{EventType::verify_done, "h1 commit 1"},
                          Case{EventType::commit_intent, "h1 commit 1"}, Case{EventType::committed, "h1 finish"}}) {
    fold.step("h1", 1, one.type);
    EXPECT_EQ(fold.does(), one.then == nullptr ? Tasks{} : Tasks{one.then}) << to_string(one.type);
  }
  fold.host("h1", EventType::host_final);
  EXPECT_EQ(fold.does(), Tasks{"end 0"});
  EXPECT_TRUE(fold.run(EventType::run_ended).does().empty());
  EXPECT_EQ(fold.state.exit_code, 0);
}

TEST(Forward, HostsOfABatchGoTogetherAndBatchesInTurn) {
  Plan plan = plan_of(3, 1);
  plan.hosts[2].batch = 1;
  Fold fold(plan);
  fold.prepared();
  EXPECT_EQ(fold.does(), (Tasks{"h1 snapshot 1", "h2 snapshot 1"}));
  fold.committed("h1", 1);
  EXPECT_EQ(fold.does(), Tasks{"h2 snapshot 1"});
  fold.committed("h2", 1);
  EXPECT_EQ(fold.does(), Tasks{"h3 snapshot 1"});
  fold.committed("h3", 1);
  EXPECT_EQ(fold.does(), (Tasks{"h1 finish", "h2 finish", "h3 finish"}));
}

TEST(Forward, SkippedStepsAreDone) {
  Plan plan = plan_of(2, 2);
  plan.hosts[0].steps[0].skipped = true;
  plan.hosts[1].steps[0].skipped = plan.hosts[1].steps[1].skipped = true;
  Fold fold(plan);
  EXPECT_EQ(fold.prepared().does(), Tasks{"h1 snapshot 2"});
}

TEST(Forward, TheOthersWaitForAStepThatRunsOnce) {
  Plan plan = plan_of(2, 3);
  plan.steps[1].run_once = true;
  plan.hosts[1].steps[1].skipped = true;
  Fold fold(plan);
  fold.prepared().committed("h2", 1);
  EXPECT_EQ(fold.does(), Tasks{"h1 snapshot 1"});
  fold.committed("h1", 1);
  EXPECT_EQ(fold.does(), Tasks{"h1 snapshot 2"});
  fold.committed("h1", 2);
  EXPECT_EQ(fold.does(), (Tasks{"h1 snapshot 3", "h2 snapshot 3"}));
}

TEST(Forward, AStepOnceOnAHostOfALaterBatchIsNotWaitedFor) {
  Plan plan = plan_of(2, 2);
  plan.steps[0].run_once = true;
  plan.hosts[0].steps[0].skipped = true;
  plan.hosts[1].batch = 1;
  Fold fold(plan);
  EXPECT_EQ(fold.prepared().does(), Tasks{"h1 snapshot 2"});
  EXPECT_EQ(fold.committed("h1", 2).does(), Tasks{"h2 snapshot 1"});
}

TEST(Forward, RetriesAfterAKnownFailureOnly) {
  Plan plan = plan_of(1, 1);
  plan.steps[0].retries = 2;
  Fold fold(plan);
  fold.prepared().snapped("h1", 1);
  for (const char* then : {"h1 apply 1 try 2", "h1 apply 1 try 3", "go back"}) {
    fold.step("h1", 1, EventType::apply_intent).step("h1", 1, EventType::apply_done, false, 1);
    EXPECT_EQ(fold.does(), Tasks{then});
  }
}

TEST(Forward, ARetryThatSucceedsGoesOn) {
  Plan plan = plan_of(1, 1);
  plan.steps[0].retries = 1;
  Fold fold(plan);
  fold.prepared()
      .snapped("h1", 1)
      .step("h1", 1, EventType::apply_intent)
      .step("h1", 1, EventType::apply_done, false, 1);
  fold.step("h1", 1, EventType::apply_intent).step("h1", 1, EventType::apply_done);
  EXPECT_EQ(fold.does(), Tasks{"h1 verify 1"});
}

TEST(Forward, WhatTurnsARunBack) {
  const auto applied = [](Fold& fold) { fold.applied("h1", 1); };
  struct Case {
    const char* name;
    std::function<void(Fold&)> happens;
    std::string why;
  };
  const Case cases[] = {
      {"no snapshot",
       [](Fold& f) { f.step("h1", 1, EventType::snap_intent).step("h1", 1, EventType::snap_done, false); },
       "step 1 \"s1\" failed on h1"},
      {"apply",
       [](Fold& f) {
         f.snapped("h1", 1).step("h1", 1, EventType::apply_intent).step("h1", 1, EventType::apply_done, false, 7);
       },
       "step 1 \"s1\" failed on h1"},
      {"verify", [&](Fold& f) { applied(f), f.step("h1", 1, EventType::verify_done, false); },
       "step 1 \"s1\" failed on h1"},
      {"commit refused",
       [&](Fold& f) {
         applied(f), f.step("h1", 1, EventType::verify_done)
                         .step("h1", 1, EventType::commit_intent)
                         .step("h1", 1, EventType::committed, false);
       },
       "step 1 \"s1\" failed on h1"},
      {"lost", [](Fold& f) { f.snapped("h1", 1).host("h1", EventType::host_lost, true, 0, "cut"); },
       "h1 was lost: cut"},
      {"abort", [](Fold& f) { f.run(EventType::run_abort, 0, "stopped by ann"); }, "stopped by ann"},
      {"needs operator", [](Fold& f) { f.step("h1", 1, EventType::needs_operator); }, "step 1 \"s1\" failed on h1"},
      {"fence refused", [](Fold& f) { f.restarted().host("h1", EventType::host_failed, true, 1, "taken over"); },
       "h1: taken over"},
      {"final check",
       [](Fold& f) {
         f.committed("h1", 1).committed("h2", 1).host("h1", EventType::host_final, false, 0, "/x is not as planned");
       },
       "h1: /x is not as planned"},
  };
  for (const Case& one : cases) {
    Fold fold(plan_of(2, 1));
    fold.prepared();
    one.happens(fold);
    EXPECT_EQ(fold.does(), Tasks{"go back"}) << one.name;
    EXPECT_EQ(fold.why(), one.why) << one.name;
  }
}

struct When {
  const char* when;
  const char* then;
};

TEST(Forward, ConditionsOnResultsAndKnownValues) {
  for (const When& one :
       {When{"first.ok", "h1 snapshot 2"}, When{"not first.ok", "h1 skip 2"}, When{"first.rc == 0", "h1 snapshot 2"},
        When{"first.rc > 0", "h1 skip 2"}, When{"os == 'debian' and first.ok", "h1 snapshot 2"},
        When{"os == 'alpine' or not first.ok", "h1 skip 2"}, When{"nobody", "go back"}, When{"second.ok", "go back"},
        When{"first.output", "go back"}}) {
    Plan plan = plan_of(1, 2);
    plan.steps[0].register_as = "first";
    plan.steps[1].register_as = "second";
    plan.steps[1].when = one.when;
    plan.hosts[0].steps[1].when_values = {{"os", "debian"}};
    Fold fold(plan);
    fold.prepared().committed("h1", 1);
    EXPECT_EQ(fold.does(), Tasks{one.then}) << one.when;
  }
  // A step that its condition leaves out is done.
  Plan plan = plan_of(1, 2);
  plan.steps[0].register_as = "first";
  plan.steps[1].when = "not first.ok";
  Fold fold(plan);
  fold.prepared().committed("h1", 1).step("h1", 2, EventType::skipped);
  EXPECT_EQ(fold.does(), Tasks{"h1 finish"});
}

TEST(Forward, ASuccessAfterRetriesIsASuccess) {
  Plan plan = plan_of(1, 2);
  plan.steps[0].register_as = "first";
  plan.steps[0].retries = 1;
  plan.steps[1].when = "first.ok";
  Fold fold(plan);
  fold.prepared()
      .snapped("h1", 1)
      .step("h1", 1, EventType::apply_intent)
      .step("h1", 1, EventType::apply_done, false, 9);
  fold.step("h1", 1, EventType::apply_intent)
      .step("h1", 1, EventType::apply_done)
      .step("h1", 1, EventType::verify_done);
  fold.step("h1", 1, EventType::commit_intent).step("h1", 1, EventType::committed);
  EXPECT_EQ(fold.does(), Tasks{"h1 snapshot 2"});
}

TEST(Forward, AResultThatAnotherHostWillGiveIsWaitedFor) {
  Plan plan = plan_of(2, 2);
  plan.steps[0].register_as = "first";
  plan.hosts[1].steps[0].skipped = true;
  plan.steps[1].when = "first.ok";
  Fold fold(plan);
  fold.prepared();
  EXPECT_EQ(fold.does(), Tasks{"h1 snapshot 1"});
  fold.committed("h1", 1);
  EXPECT_EQ(fold.does(), (Tasks{"h1 snapshot 2", "h2 snapshot 2"}));
}

TEST(Forward, AResultThatNobodyGivesIsNoSuccess) {
  for (const When& one : {When{"first.ok", "h1 skip 2"}, When{"not first.ok", "h1 snapshot 2"},
                          When{"first.rc == ''", "h1 snapshot 2"}}) {
    Plan plan = plan_of(2, 2);
    plan.steps[0].register_as = "first";
    plan.hosts[0].steps[0].skipped = true;
    plan.hosts[1].batch = 1;  // it registers, but only after the first batch
    plan.steps[1].when = one.when;
    Fold fold(plan);
    EXPECT_EQ(fold.prepared().does(), Tasks{one.then}) << one.when;
  }
}

}  // namespace
}  // namespace belay::reduce::testing
