// The way back: reverse order, proof, verdict; hosts that are lost on it; hosts that only a person can help.
#include <gtest/gtest.h>

#include "tests/unit/reduce/fold.hpp"

namespace belay::reduce::testing {
namespace {

Fold& back(Fold& fold) { return fold.run(EventType::run_back, 0, "because"); }

Fold& proven(Fold& fold, const std::string& name, int steps, bool ok = true) {
  for (int i = 1; i <= steps; ++i) fold.step(name, i, EventType::rb_proven, ok || i > 1);
  return fold.host(name, EventType::host_final);
}

TEST(Back, InReverseOrderAndProven) {
  Fold fold(plan_of(1, 3));
  fold.prepared().committed("h1", 1).committed("h1", 2).applied("h1", 3);
  back(fold);
  for (const int step : {3, 2, 1}) {
    EXPECT_EQ(fold.does(), Tasks{fmt::format("h1 restore {}", step)});
    fold.step("h1", step, EventType::rb_intent);
    EXPECT_EQ(fold.does(), Tasks{fmt::format("h1 restore {}", step)});
    fold.step("h1", step, EventType::restored);
  }
  EXPECT_EQ(fold.does(), Tasks{"h1 settle"});
  EXPECT_EQ(fold.host("h1", EventType::host_settled).does(), Tasks{"h1 prove"});
  EXPECT_EQ(proven(fold, "h1", 3).does(), Tasks{"end 2"});
  EXPECT_EQ(fold.why(), "1 host put back and proven");
}

TEST(Back, OnlyWhatWasTouched) {
  Fold fold(plan_of(3, 2));
  fold.prepared().committed("h1", 1).snapped("h1", 2).snapped("h2", 1);
  EXPECT_EQ(back(fold).does(), Tasks{"h1 restore 1"});
  fold.restored("h1", 1)
      .host("h1", EventType::host_settled)
      .step("h1", 1, EventType::rb_proven)
      .host("h1", EventType::host_final);
  EXPECT_EQ(fold.does(), Tasks{"end 2"});
}

// A switch that is left armed would fire long after the run has ended, over what others have deployed by then.
TEST(Back, AStepThatMayBeArmedIsPutBackEvenIfItWasNeverApplied) {
  Fold fold(plan_of(3, 2));
  fold.plan.dead_man_seconds = 60;
  fold.prepared().committed("h1", 1).snapped("h1", 2);
  fold.step("h2", 1, EventType::snap_intent).step("h2", 1, EventType::snap_done);
  fold.step("h3", 1, EventType::snap_intent).step("h3", 1, EventType::snap_done, false);
  EXPECT_EQ(back(fold).does(), (Tasks{"h1 restore 2", "h2 restore 1"}));
}

// What Belay cut short itself is no loss of the host: it is fenced at once, and nothing brings it nearer to being given
// up.
TEST(Back, AHostThatWasCutIsFencedAndPutBack) {
  Fold fold(plan_of(2, 1));
  fold.prepared().applied("h1", 1).snapped("h2", 1).step("h2", 1, EventType::apply_intent);
  back(fold);
  for (int i = 0; i < give_up_after(fold.plan); ++i) {
    fold.host("h2", EventType::host_cut);
    EXPECT_EQ(fold.does(), (Tasks{"h1 restore 1", "h2 fence"}));
  }
  EXPECT_TRUE(fold.state.hosts[1].connected);
  EXPECT_EQ(fold.state.hosts[1].lost, 0);
  EXPECT_EQ(fold.host("h2", EventType::host_fenced).does(), (Tasks{"h1 restore 1", "h2 restore 1"}));
}

TEST(Back, NothingTouchedIsNothingToPutBack) {
  Fold fold(plan_of(2, 1));
  EXPECT_EQ(back(fold.prepared().snapped("h1", 1)).does(), Tasks{"end 2"});
  EXPECT_EQ(fold.why(), "nothing had been changed on any host");
}

// Every phase in which an apply was announced must be put back, whatever was heard of it since.
TEST(Back, EveryPhaseSinceTheIntent) {
  for (const EventType last : {EventType::apply_intent, EventType::apply_done, EventType::verify_done,
                               EventType::commit_intent, EventType::committed}) {
    Fold fold(plan_of(1, 1));
    fold.prepared().snapped("h1", 1);
    for (const EventType type : {EventType::apply_intent, EventType::apply_done, EventType::verify_done,
                                 EventType::commit_intent, EventType::committed}) {
      fold.step("h1", 1, type);
      if (type == last) break;
    }
    EXPECT_EQ(back(fold).does(), Tasks{"h1 restore 1"}) << to_string(last);
  }
}

TEST(Back, ExitCodes) {
  struct Case {
    const char* name;
    bool restored, proven, final;
    const char* end;
    const char* why;
  };
  for (const Case& one : {Case{"all well", true, true, true, "end 2", "2 hosts put back and proven"},
                          Case{"one step differs", true, false, true, "end 3", "NOT PROVEN to be back: h1"},
                          Case{"the baseline differs", true, true, false, "end 3", "NOT PROVEN to be back: h1"}}) {
    Fold fold(plan_of(2, 1));
    fold.prepared().committed("h1", 1).committed("h2", 1);
    back(fold);
    for (const char* name : {"h1", "h2"}) {
      const bool first = std::string(name) == "h1";
      fold.restored(name, 1).host(name, EventType::host_settled);
      fold.step(name, 1, EventType::rb_proven, one.proven || !first)
          .host(name, EventType::host_final, one.final || !first);
    }
    EXPECT_EQ(fold.does(), Tasks{one.end}) << one.name;
    EXPECT_EQ(fold.why(), one.why) << one.name;
  }
}

TEST(Back, ARollbackThatIsProvenEndsWell) {
  Fold fold(plan_of(1, 2), RunKind::rollback);
  fold.host("h1", EventType::host_fenced).host("h1", EventType::host_ready).run(EventType::run_started);
  EXPECT_EQ(fold.does(), Tasks{"h1 restore 2"});
  fold.restored("h1", 2).restored("h1", 1).host("h1", EventType::host_settled);
  EXPECT_EQ(proven(fold, "h1", 2).does(), Tasks{"end 0"});
}

TEST(Back, AHostThatOnlyAPersonCanHelpIsLeftAlone) {
  Fold fold(plan_of(2, 2));
  fold.prepared();
  for (const char* name : {"h1", "h2"}) fold.committed(name, 1).committed(name, 2);
  back(fold).restored("h1", 2, false);
  // Step 1 of h1 is not put back over a step 2 that still stands; h2 goes on.
  EXPECT_EQ(fold.does(), Tasks{"h2 restore 2"});
  fold.restored("h2", 2).restored("h2", 1).host("h2", EventType::host_settled);
  proven(fold, "h2", 2);
  EXPECT_EQ(fold.does(), Tasks{"end 3"});
  EXPECT_EQ(fold.why(), "NOT PROVEN to be back: h1");
}

TEST(Back, ALostHostIsTakenAgainAndGoesOnWhereItWas) {
  Fold fold(plan_of(1, 2));
  fold.prepared().committed("h1", 1).applied("h1", 2);
  back(fold).restored("h1", 2).step("h1", 1, EventType::rb_intent).host("h1", EventType::host_lost);
  EXPECT_EQ(fold.does(), Tasks{"h1 fence"});
  EXPECT_EQ(fold.host("h1", EventType::host_fenced, true, 2).does(), Tasks{"h1 restore 1"});
}

TEST(Back, ALostHostIsGivenUpInTheEnd) {
  Fold fold(plan_of(2, 1));
  fold.prepared().committed("h1", 1).committed("h2", 1).host("h1", EventType::host_lost);
  back(fold);
  for (int i = 0; i < give_up_after(fold.plan); ++i) {
    EXPECT_EQ(fold.does(), (Tasks{"h1 fence", "h2 restore 1"})) << i;
    fold.host("h1", EventType::host_lost);
  }
  EXPECT_EQ(fold.does(), Tasks{"h2 restore 1"});
  fold.restored("h2", 1).host("h2", EventType::host_settled);
  EXPECT_EQ(proven(fold, "h2", 1).does(), Tasks{"end 3"});
  EXPECT_EQ(fold.why(), "could not be reached to be put back: h1");
}

TEST(Back, ProgressStartsTheCountAnew) {
  Fold fold(plan_of(1, 3));
  fold.prepared().committed("h1", 1).committed("h1", 2).committed("h1", 3);
  back(fold);
  for (const int step : {3, 2, 1}) {
    for (int i = 1; i < give_up_after(fold.plan); ++i) fold.host("h1", EventType::host_lost);
    EXPECT_EQ(fold.does(), Tasks{"h1 fence"});
    fold.host("h1", EventType::host_fenced).restored("h1", step);
  }
  EXPECT_EQ(fold.does(), Tasks{"h1 settle"});
}

TEST(Back, AProofThatIsLostIsMadeAgain) {
  Fold fold(plan_of(1, 1));
  fold.prepared().committed("h1", 1);
  back(fold).restored("h1", 1).host("h1", EventType::host_settled).host("h1", EventType::host_lost);
  EXPECT_EQ(fold.does(), Tasks{"h1 fence"});
  EXPECT_EQ(fold.host("h1", EventType::host_fenced, true, 3).does(), Tasks{"h1 prove"});
}

// The last looks of several hosts are under way at once. When one of them says no, the run turns back; another one that
// still comes in afterwards must not count as the proof of its host.
TEST(Back, ALastLookThatComesLateIsNoProof) {
  for (const bool ok : {true, false}) {
    Fold fold(plan_of(2, 1));
    fold.prepared().committed("h1", 1).committed("h2", 1).host("h1", EventType::host_final, false);
    back(fold).host("h2", EventType::host_final, ok);
    EXPECT_EQ(fold.does(), (Tasks{"h1 restore 1", "h2 restore 1"}));
    for (const char* name : {"h1", "h2"}) proven(fold.restored(name, 1).host(name, EventType::host_settled), name, 1);
    EXPECT_EQ(fold.does(), Tasks{"end 2"});
  }
}

TEST(Back, AFenceThatWasRefusedBeforeTheTurnIsTriedAgain) {
  Fold fold(plan_of(1, 1));
  fold.prepared().committed("h1", 1).restarted();
  back(fold).host("h1", EventType::host_failed, true, 1, "busy");
  EXPECT_EQ(fold.does(), Tasks{"h1 fence"});
}

}  // namespace
}  // namespace belay::reduce::testing
