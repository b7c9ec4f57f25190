// The suite must find bugs: each mutant of the daemon has to be caught by the stories that the healthy one survives.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/simulation/world/enumerate.hpp"
#include "tests/simulation/world/plans.hpp"

namespace belay::sim {
namespace {

struct Name {
  Mutant mutant;
  const char* text;
};
constexpr Name names[] = {{Mutant::no_fence, "no_fence"},           {Mutant::reapply_unknown, "reapply_unknown"},
                          {Mutant::stale_retry, "stale_retry"},     {Mutant::late_intent, "late_intent"},
                          {Mutant::forward_order, "forward_order"}, {Mutant::trust_restore, "trust_restore"},
                          {Mutant::early_final, "early_final"},     {Mutant::ignore_unknown, "ignore_unknown"},
                          {Mutant::no_snapshot, "no_snapshot"},     {Mutant::forget_host, "forget_host"}};

class Mutants : public testing::TestWithParam<Name> {};

// What the first story that finds the bug says; empty when none does.
std::string caught(Mutant mutant) {
  Plan plan = plain_plan(2, 2);
  for (PlanStep& step : plan.steps) step.retries = 1;
  for (const Site site : {Site::crash, Site::fault})
    if (const Enumerated single = enumerate(plan, RunKind::deploy, site, mutant); !single.violation.empty())
      return single.violation;
  return enumerate_pairs(plan, RunKind::deploy, mutant).violation;
}

TEST_P(Mutants, AreCaught) {
  const std::string story = caught(GetParam().mutant);
  EXPECT_FALSE(story.empty()) << "no story finds this bug";
  fmt::print("{}\n", story.substr(0, story.find('\n')));
}

INSTANTIATE_TEST_SUITE_P(All, Mutants, testing::ValuesIn(names),
                         [](const auto& info) { return std::string(info.param.text); });

TEST(TheHealthyDaemon, IsNotCaught) { EXPECT_EQ(caught(Mutant::none), ""); }

}  // namespace
}  // namespace belay::sim
