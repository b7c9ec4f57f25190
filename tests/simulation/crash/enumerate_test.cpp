// Every single death of the daemon and every single fault of a host, for 3 steps on 2 hosts: none may be left out.
#include <gtest/gtest.h>

#include "tests/simulation/world/enumerate.hpp"
#include "tests/simulation/world/plans.hpp"

namespace belay::sim {
namespace {

constexpr std::size_t hosts = 2;
constexpr std::size_t steps = 3;

Plan plan_with(int retries, bool batches) {
  Plan plan = plain_plan(hosts, steps);
  for (PlanStep& step : plan.steps) step.retries = retries;
  if (batches) plan.hosts[1].batch = 1;
  return plan;
}

// The stories told; a violation fails the test with its story.
std::size_t count(const Enumerated& enumerated) {
  EXPECT_EQ(enumerated.violation, "");
  return enumerated.stories;
}

TEST(Enumeration, WithoutAnyFaultEverythingGoesWell) {
  for (const RunKind kind : {RunKind::deploy, RunKind::rollback})
    for (const bool batches : {false, true}) {
      const Plan plan = plan_with(0, batches);
      OneOracle oracle({}, batches);
      SimDaemon daemon(plan, kind, oracle);
      daemon.run();
      EXPECT_EQ(daemon.story().exit_code, 0) << tell(daemon.story());
    }
}

// A deployment appends at least six times per step and host, and each append can be missed or made; in four schedules.
TEST(Enumeration, EveryDeathOfTheDaemon) {
  for (const bool batches : {false, true})
    EXPECT_GT(count(enumerate(plan_with(0, batches), RunKind::deploy, Site::crash)), 4U * 2 * hosts * steps * 6);
  EXPECT_GT(count(enumerate(plan_with(0, false), RunKind::rollback, Site::crash)), 4U * 2 * hosts * steps * 2);
}

// Four calls per step and host with at least three ways to go wrong each.
TEST(Enumeration, EveryFaultOfAHost) {
  for (const int retries : {0, 2})
    for (const bool batches : {false, true})
      EXPECT_GT(count(enumerate(plan_with(retries, batches), RunKind::deploy, Site::fault)),
                4U * hosts * steps * 4 * 3);
  EXPECT_GT(count(enumerate(plan_with(0, false), RunKind::rollback, Site::fault)), 4U * hosts * steps * 5);
}

TEST(Enumeration, EveryMomentOfAnAbort) {
  EXPECT_GT(count(enumerate(plan_with(0, true), RunKind::deploy, Site::abort)), 4U * hosts * steps * 4);
}

TEST(Enumeration, EveryFaultAndADeathAtEveryAppend) {
  EXPECT_GT(count(enumerate_pairs(plan_with(1, false), RunKind::deploy)), 15'000U);
  EXPECT_GT(count(enumerate_pairs(plan_with(0, false), RunKind::rollback)), 1'000U);
}

}  // namespace
}  // namespace belay::sim
