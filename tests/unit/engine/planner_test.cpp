// Plans: which hosts, in which batches, with which variables, which steps are left out, and how each goes back.
#include <gtest/gtest.h>

#include "daemon/engine/plan_codec.hpp"
#include "tests/unit/engine/scene.hpp"

namespace belay::engine::testing {
namespace {

TEST(Batches, Table) {
  using B = BatchSize;
  struct Case {
    std::vector<BatchSize> serial;
    std::size_t count;
    std::vector<int> batches;
  };
  const Case cases[] = {
      {{}, 3, {0, 0, 0}},
      {{}, 0, {}},
      {{B{1, false}}, 3, {0, 1, 2}},
      {{B{2, false}}, 5, {0, 0, 1, 1, 2}},
      {{B{1, false}, B{3, false}}, 8, {0, 1, 1, 1, 2, 2, 2, 3}},
      {{B{1, false}, B{50, true}, B{100, true}}, 6, {0, 1, 1, 1, 2, 2}},
      {{B{50, true}}, 3, {0, 1, 2}},
      {{B{50, true}}, 4, {0, 0, 1, 1}},
      {{B{1, true}}, 2, {0, 1}},
      {{B{100, true}}, 3, {0, 0, 0}},
      {{B{10, false}}, 3, {0, 0, 0}},
      {{B{0, false}}, 2, {0, 1}},
      {{B{0, true}}, 2, {0, 1}},
      {{B{33, true}}, 10, {0, 0, 0, 1, 1, 1, 2, 2, 2, 3}},
  };
  for (const Case& one : cases) EXPECT_EQ(batches(one.serial, one.count), one.batches) << one.count;
}

TEST(SelectHosts, Patterns) {
  const std::vector<Host> inventory{{.name = "web2", .environment = "test", .groups = {"web"}},
                                    {.name = "web1",
                                     .environment = "test",
                                     .user = "own",
                                     .base = "/own",
                                     .transport = "local",
                                     .groups = {"web", "edge"}},
                                    {.name = "db1", .environment = "test", .groups = {"db"}},
                                    {.name = "web9", .environment = "production", .groups = {"web"}}};
  const Environment environment{
      .name = "test", .user = "rm", .transport = "openssh", .base = "/var/lib/belay", .rules = {}};
  struct Case {
    const char* pattern;
    std::vector<std::string> names;
  };
  for (const Case& one : {Case{"all", {"db1", "web1", "web2"}}, Case{"", {"db1", "web1", "web2"}},
                          Case{"web", {"web1", "web2"}}, Case{"edge", {"web1"}}, Case{"db,edge", {"db1", "web1"}},
                          Case{" web2 , db1 ", {"db1", "web2"}}, Case{"web,web1", {"web1", "web2"}}}) {
    const auto chosen = select_hosts(inventory, environment, one.pattern, {});
    ASSERT_TRUE(chosen.has_value()) << one.pattern;
    std::vector<std::string> names;
    for (const Host& host : *chosen) names.push_back(host.name);
    EXPECT_EQ(names, one.names) << one.pattern;
  }
  for (const char* pattern : {"nobody", "web9", "WEB", "we*", ",", "\x1b"}) {
    const auto chosen = select_hosts(inventory, environment, pattern, {"playbook.yaml", 2, 8});
    ASSERT_FALSE(chosen.has_value()) << pattern;
    EXPECT_EQ(chosen.error().text().find("playbook.yaml:2:8: "), 0u);
  }
  const auto all = select_hosts(inventory, environment, "all", {});
  EXPECT_EQ((*all)[0].user + (*all)[0].base + (*all)[0].transport, "rm/var/lib/belayopenssh");
  EXPECT_EQ((*all)[1].user + (*all)[1].base + (*all)[1].transport, "own/ownlocal");
}

TEST(Planner, VariablesOfTheHostWinOverThoseOfTheEnvironmentAndTheDefaults) {
  Scene scene;
  scene.package.playbook.vars = {
      {"a", Value("default")}, {"b", Value("default")}, {"c", Value("default")}, {"n", Value(7)}};
  scene.environment.vars = {{"b", "environment"}, {"c", "environment"}, {"undeclared", "x"}};
  scene.add_step("s", "file",
                 "{content: \"{{ a }} {{ b }} {{ c }} {{ n }} {{ application }} {{ version }} {{ environment }} {{ "
                 "tier }} {{ host }}\", to: /x}");
  Host host = Scene::host("web1");
  host.vars = {{"c", "host"}};
  const auto plan = scene.plan({host});
  ASSERT_TRUE(plan.has_value()) << plan.error().text();
  EXPECT_EQ(plan->hosts[0].steps[0].params.at("content"), "default environment host 7 permits 1.2 test test web1");
  // Only what the playbook declares may be used.
  scene.add_step("t", "file", "{content: \"{{ undeclared }}\", to: /x}");
  EXPECT_FALSE(scene.plan({host}).has_value());
}

TEST(Planner, AVariableWithoutAValueIsNamed) {
  Scene scene;
  Value missing;
  missing.place = {"playbook.yaml", 4, 3};
  scene.package.playbook.vars = {{"secret", missing}};
  scene.add_step("s", "file", "{content: x, to: /x}");
  const auto plan = scene.plan({Scene::host("web1")});
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().text().find("playbook.yaml:4:3: the variable secret has no value on web1 in test"), 0u)
      << plan.error().text();
}

TEST(Planner, WhichStepsAreLeftOut) {
  Scene scene;
  scene.facts = {{"web1", {{"os", "debian"}}}, {"db1", {{"os", "alpine"}}}};
  scene.add_step("everywhere", "file", "{content: x, to: /x}");
  scene.add_step("debian", "file", "{content: x, to: /x}").when = "os == 'debian'";
  scene.add_step("facts", "file", "{content: x, to: /x}").when = "facts.os == 'alpine' and host != 'x'";
  scene.add_step("db", "file", "{content: x, to: /x}").hosts = "db";
  scene.add_step("once", "file", "{content: x, to: /x}").run_once = true;
  StepSpec& once_web = scene.add_step("once on web", "file", "{content: x, to: /x}");
  once_web.run_once = true;
  once_web.hosts = "web";
  const auto plan = scene.plan({Scene::host("db1", {"db"}), Scene::host("web1", {"web"})});
  ASSERT_TRUE(plan.has_value()) << plan.error().text();
  const auto why = [&](std::size_t h, std::size_t i) {
    return plan->hosts[h].steps[i].skipped ? plan->hosts[h].steps[i].why_skipped : "runs";
  };
  const char* expected[][2] = {{"runs", "runs"},
                               {"when: os == 'debian'", "runs"},
                               {"runs", "when: facts.os == 'alpine' and host != 'x'"},
                               {"runs", "hosts: db"},
                               {"runs", "run_once: another host does it"},
                               {"hosts: web", "runs"}};
  for (std::size_t i = 0; i < std::size(expected); ++i)
    for (std::size_t h = 0; h < 2; ++h) EXPECT_EQ(why(h, i), expected[i][h]) << plan->steps[i].name;
  for (const PlanStep& step : plan->steps) EXPECT_EQ(step.when, "");
}

TEST(Planner, ConditionsOnResultsAreLeftToTheRun) {
  Scene scene;
  scene.facts = {{"web1", {{"os", "debian"}}}};
  scene.add_step("first", "command", "{run: a, undo: b}").register_as = "first";
  scene.add_step("later", "file", "{content: x, to: /x}").when = "first.ok and os == 'debian'";
  const auto plan = scene.plan({Scene::host("web1")});
  ASSERT_TRUE(plan.has_value()) << plan.error().text();
  EXPECT_EQ(plan->steps[1].when, "first.ok and os == 'debian'");
  EXPECT_EQ(plan->hosts[0].steps[1].when_values, (std::map<std::string, std::string>{{"os", "debian"}}));
  EXPECT_FALSE(plan->hosts[0].steps[1].skipped);
}

TEST(Planner, AConditionThatTheRunCouldNotReadIsRefusedNow) {
  for (const char* when : {"nobody", "first", "first.output", "first.ok and nobody", "second.ok", "first.ok and",
                           "os == 'x'", "first.ok.ok"}) {
    Scene scene;
    scene.add_step("first", "command", "{run: a, undo: b}").register_as = "first";
    StepSpec& later = scene.add_step("later", "file", "{content: x, to: /x}");
    later.when = when;
    later.register_as = "second";
    const auto plan = scene.plan({Scene::host("web1")});
    ASSERT_FALSE(plan.has_value()) << when;
    EXPECT_EQ(plan.error().kind, Kind::invalid);
    EXPECT_EQ(plan.error().text().find("playbook.yaml:11:5: "), 0u) << plan.error().text();
  }
}

TEST(Planner, WaysBack) {
  struct Case {
    const char* action;
    const char* yaml;
    WayBack way;
    bool opaque;
  };
  const Case cases[] = {
      {"file", "{content: x, to: /x}", WayBack::snapshot, false},
      {"service", "{name: web, state: started}", WayBack::snapshot, false},
      {"command", "{run: a}", WayBack::none, true},
      {"command", "{run: a, undo: b}", WayBack::undo, true},
      {"command", "{run: a, touches: [/x]}", WayBack::snapshot, true},
      {"command", "{run: a, touches: [/x], undo: b}", WayBack::undo, true},
      {"wait", "{for: 1s}", WayBack::nothing, false},
      {"http", "{url: \"http://x/\"}", WayBack::nothing, false},
  };
  for (const Case& one : cases) {
    Scene scene;
    scene.add_step("s", one.action, one.yaml);
    const auto plan = scene.plan({Scene::host("web1")});
    ASSERT_TRUE(plan.has_value()) << one.yaml << plan.error().text();
    EXPECT_EQ(to_string(plan->steps[0].way_back), to_string(one.way)) << one.yaml;
    EXPECT_EQ(plan->steps[0].opaque, one.opaque) << one.yaml;
  }
  Scene scene;
  scene.add_step("promise", "command", "{run: a}").touches = std::vector<std::string>{};
  scene.add_step("said openly", "command", "{run: a, undo: b}").irreversible = true;
  scene.add_step("extra", "command", "{run: a}").touches = std::vector<std::string>{"/srv/{{ host }}"};
  scene.add_step("nowhere", "command", "{run: a}").hosts = "nobody";
  const auto plan = scene.plan({Scene::host("web1")});
  ASSERT_TRUE(plan.has_value()) << plan.error().text();
  EXPECT_EQ(plan->steps[0].way_back, WayBack::nothing);
  EXPECT_EQ(plan->steps[1].way_back, WayBack::none);
  EXPECT_EQ(plan->steps[2].way_back, WayBack::snapshot);
  EXPECT_EQ(plan->hosts[0].steps[2].touches, (std::vector<Touch>{{"path", {{"path", "/srv/web1"}}}}));
  // A step that runs nowhere has nothing to undo.
  EXPECT_EQ(plan->steps[3].way_back, WayBack::nothing);
}

TEST(Planner, ChecksThatTheDaemonMakes) {
  Scene scene;
  scene.add_step("daemon", "http", "{url: \"http://x/\", from: daemon}");
  scene.add_step("host", "http", "{url: \"http://x/\", from: host}");
  scene.add_step("default", "http", "{url: \"http://x/\"}");
  scene.add_file("daemon", "x");
  scene.add_step("a file of that name", "file", "{from: daemon, to: /x}");
  const auto plan = scene.plan({Scene::host("web1")});
  ASSERT_TRUE(plan.has_value()) << plan.error().text();
  std::vector<bool> checks;
  for (const PlanStep& step : plan->steps) checks.push_back(step.daemon_check);
  EXPECT_EQ(checks, (std::vector<bool>{true, false, false, false}));
}

TEST(Planner, APlanThatWouldDoNothingIsRefused) {
  Scene scene;
  scene.add_step("s", "file", "{content: x, to: /x}").when = "false";
  const auto plan = scene.plan({Scene::host("web1")});
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().kind, Kind::refused);
}

TEST(Planner, AnUnknownActionHasItsPlace) {
  Scene scene;
  scene.add_step("s", "fiel", "{content: x, to: /x}");
  const auto plan = scene.plan({Scene::host("web1")});
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().text().find("playbook.yaml:10:9: there is no action \"fiel\""), 0u) << plan.error().text();
}

TEST(Planner, TheSameInputsGiveTheSameDigest) {
  const auto digest = [](const std::string& port, const std::string& content) {
    Scene scene;
    scene.package.playbook.vars = {{"port", Value(port)}};
    scene.package.playbook.serial = {{1, false}, {50, true}};
    scene.add_file("files/t", content);
    scene.add_step("t", "template", "{from: files/t, to: /x}");
    scene.add_step("c", "command", "{run: \"a {{ port }}\", undo: b}").verify = Value("check {{ port }}");
    const auto plan = scene.plan({Scene::host("web1"), Scene::host("web2"), Scene::host("web3")});
    EXPECT_TRUE(plan.has_value()) << plan.error().text();
    EXPECT_EQ(plan->hosts[0].steps[1].params.at("verify.1"), port);
    return sha256(write_plan(*plan)).hex();
  };
  EXPECT_EQ(digest("80", "{{ port }}"), digest("80", "{{ port }}"));
  EXPECT_NE(digest("80", "{{ port }}"), digest("81", "{{ port }}"));
  EXPECT_NE(digest("80", "{{ port }}"), digest("80", "{{ port }} "));
}

}  // namespace
}  // namespace belay::engine::testing
