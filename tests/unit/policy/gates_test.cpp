// Gates: which facts let a run through under which rules, and what a person is told when they do not.
#include "daemon/policy/gates.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace belay::policy {
namespace {

Facts good() {
  return {.package = "abc", .environment = "prod", .rehearsal_run = false, .signer = "ann", .rehearsed = true};
}

std::vector<std::string> missing(const Facts& facts, const Rules& rules) {
  std::vector<std::string> out;
  for (const Gate& gate : gates(facts, Environment{.name = "prod", .rules = rules}))
    if (!gate.holds) out.push_back(gate.id);
  return out;
}

using Ids = std::vector<std::string>;

Rules lax() {
  return {.signature = false, .rehearsal = false, .refuse_drift = false, .allow_irreversible = true, .direct = true};
}

TEST(Gates, EachRuleAsksForItsFact) {
  struct Case {
    const char* name;
    void (*spoil)(Facts&);
    void (*demand)(Rules&);
    Ids missing;
  };
  const Case cases[] = {
      {"signature", [](Facts& f) { f.signer.clear(); }, [](Rules& r) { r.signature = true; }, {"KY-process"}},
      {"rehearsal", [](Facts& f) { f.rehearsed = false; }, [](Rules& r) { r.rehearsal = true; }, {"KY-3"}},
      {"irreversible",
       [](Facts& f) { f.irreversible_steps = {"drop"}; },
       [](Rules& r) { r.allow_irreversible = false; },
       {"KY-2"}},
      {"drift", [](Facts& f) { f.drifted = {"web1: /etc/x"}; }, [](Rules& r) { r.refuse_drift = true; }, {"MA-8.1.5"}},
      {"direct", [](Facts&) {}, [](Rules& r) { r.direct = false; }, {"KY-5"}},
  };
  for (const Case& one : cases) {
    Facts facts = good();
    one.spoil(facts);
    Rules rules = lax();
    EXPECT_EQ(missing(facts, rules), Ids{}) << one.name << ": not asked for";
    one.demand(rules);
    EXPECT_EQ(missing(facts, rules), one.missing) << one.name;
    if (one.missing != Ids{"KY-5"}) EXPECT_EQ(missing(good(), rules), Ids{}) << one.name << ": fact is there";
  }
}

TEST(Gates, ABlockIsNeverWaived) {
  Facts facts = good();
  facts.blocked_by = "01RUN";
  facts.rehearsal_run = true;
  EXPECT_EQ(missing(facts, lax()), Ids{"KY-rollback"});
}

TEST(Gates, NothingIsDeployedOverWhatNeedsAnOperator) {
  Facts facts = good();
  facts.rehearsal_run = true;
  facts.needs_operator = "01BACK";
  facts.way_back = "01RUN";
  facts.left_by = "abc123";
  EXPECT_EQ(missing(facts, lax()), Ids{"KY-rollback"});
  const std::string next = gates(facts, Environment{.name = "prod", .rules = lax()})[0].next;
  for (const char* command : {"`belay proof 01BACK`", "`belay rollback 01RUN`", "`belay block lift abc123 -e "})
    EXPECT_NE(next.find(command), std::string::npos) << command << " in " << next;
}

TEST(Gates, ARehearsalNeedsNeitherRehearsalNorChange) {
  Facts facts = good();
  facts.rehearsal_run = true;
  facts.rehearsed = false;
  Rules rules = default_rules(Tier::production);
  EXPECT_EQ(missing(facts, rules), Ids{});
  // But what holds for every package holds for it too.
  facts.signer.clear();
  facts.irreversible_steps = {"drop"};
  EXPECT_EQ(missing(facts, rules), (Ids{"KY-process", "KY-2"}));
}

TEST(Gates, ProductionAsShippedIsStrict) {
  EXPECT_EQ(
      missing({.environment = "prod", .irreversible_steps = {"a"}, .drifted = {"b"}}, default_rules(Tier::production)),
      (Ids{"KY-process", "KY-3", "KY-5", "KY-2", "MA-8.1.5"}));
  EXPECT_EQ(
      missing({.environment = "dev", .irreversible_steps = {"a"}, .drifted = {"b"}}, default_rules(Tier::development)),
      Ids{});
}

TEST(Gates, EveryGateSaysWhatAndWhatNext) {
  Facts facts{
      .package = "abc123", .environment = "prod", .rehearsal_tried = "run 01 did not pass", .blocked_by = "01RUN"};
  for (int i = 1; i <= 7; ++i) facts.drifted.push_back("web" + std::to_string(i));
  const auto all = gates(facts, Environment{.name = "prod", .rules = default_rules(Tier::production)});
  for (const Gate& gate : all) {
    EXPECT_FALSE(gate.what.empty()) << gate.id;
    EXPECT_FALSE(gate.next.empty()) << gate.id;
    EXPECT_FALSE(gate.what.ends_with('.')) << gate.id;
  }
  const auto what = [&](std::string_view id) { return std::ranges::find(all, id, &Gate::id)->what; };
  EXPECT_EQ(what("KY-3"),
            "prod needs a passing rehearsal (deploy, roll back, prove, deploy) of package abc123: run 01 did not pass");
  EXPECT_EQ(what("KY-rollback"), "package abc123 failed in prod in run 01RUN and is blocked there");
  EXPECT_EQ(what("MA-8.1.5"), "hosts of prod differ from their baseline: web1; web2; web3; web4; web5; and 2 more");
}

TEST(Gates, TheRehearsalIsAskedForWhereItCounts) {
  Facts facts = good();
  facts.rehearsed = false;
  Rules rules = lax();
  rules.rehearsal = true;
  const auto next = [&] { return gates(facts, Environment{.name = "prod", .rules = rules})[0].next; };
  EXPECT_EQ(
      next(),
      "There is no environment of tier test to rehearse it in: add one to environments.yaml, then `belay rehearse "
      "FILE -e` and its name");
  facts.rehearsable_in = {"uat"};
  EXPECT_EQ(next(), "Rehearse it: `belay rehearse FILE -e uat`");
  facts.rehearsable_in = {"uat", "int", "test"};
  EXPECT_EQ(next(), "Rehearse it: `belay rehearse FILE -e uat`, or -e int, test");
}

}  // namespace
}  // namespace belay::policy
