// Plans as canonical JSON: what is written is read back equal, and nothing else is taken for a plan.
#include "daemon/engine/plan_codec.hpp"

#include <gtest/gtest.h>

#include <random>

namespace belay::engine {
namespace {

// Any plan there can be: names are UTF-8, parameters any bytes.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return random_() % n; }
  bool flip() { return below(2) == 0; }
  std::string bytes() {
    std::string out(below(12), '\0');
    for (char& c : out) c = static_cast<char>(below(256));
    return out;
  }
  std::string text() {
    constexpr const char* pieces[] = {"a",    "\"", "\\", "\n", "{{ x }}", "\xc3\xa4", " ", "\xf0\x9f\x98\x80",
                                      "\x01", "/"};
    std::string out;
    for (std::size_t i = below(5); i > 0; --i) out += pieces[below(std::size(pieces))];
    return out;
  }
  ParamFiles files() {
    ParamFiles out;
    for (std::size_t i = below(4); i > 0; --i) out[text()] = bytes();
    return out;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> out(below(3));
    for (std::string& one : out) one = text();
    return out;
  }

 private:
  std::mt19937_64 random_;
};

Plan random_plan(std::uint64_t seed) {
  Chance chance(seed);
  Plan plan{.application = chance.text(),
            .version = chance.text(),
            .environment = chance.text(),
            .tier = static_cast<Tier>(chance.below(3)),
            .package = chance.text(),
            .playbook = chance.text(),
            .kit = chance.text(),
            .of = chance.text()};
  for (std::size_t i = chance.below(4); i > 0; --i)
    plan.steps.push_back({.name = chance.text(),
                          .action = chance.text(),
                          .when = chance.text(),
                          .register_as = chance.text(),
                          .retries = static_cast<int>(chance.below(9)),
                          .delay_seconds = static_cast<int>(chance.below(99)),
                          .timeout_seconds = static_cast<int>(chance.below(604800)),
                          .run_once = chance.flip(),
                          .irreversible = chance.flip(),
                          .opaque = chance.flip(),
                          .from_template = chance.flip(),
                          .verifies = chance.flip(),
                          .daemon_check = chance.flip(),
                          .way_back = static_cast<WayBack>(chance.below(4))});
  for (std::size_t h = chance.below(4); h > 0; --h) {
    PlanHost host{.host = {.name = chance.text(),
                           .environment = chance.text(),
                           .address = chance.text(),
                           .port = static_cast<std::uint16_t>(chance.below(65536)),
                           .user = chance.text(),
                           .base = chance.text(),
                           .transport = chance.text(),
                           .groups = chance.texts(),
                           .host_keys = chance.texts(),
                           .vars = chance.files()},
                  .batch = static_cast<int>(chance.below(5))};
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      HostStep step;
      if (chance.flip()) {
        step.skipped = true;
        step.why_skipped = chance.text();
      } else {
        step.params = chance.files();
        for (std::size_t t = chance.below(3); t > 0; --t) step.touches.push_back({chance.text(), chance.files()});
        step.blobs = chance.texts();
        step.when_values = chance.files();
      }
      host.steps.push_back(std::move(step));
    }
    plan.hosts.push_back(std::move(host));
  }
  return plan;
}

TEST(PlanCodec, WhatIsWrittenIsReadBackEqual) {
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    const Plan plan = random_plan(seed);
    const std::string text = write_plan(plan);
    const auto again = read_plan(text);
    ASSERT_TRUE(again.has_value()) << "seed " << seed << ": " << again.error().text();
    ASSERT_EQ(again->steps, plan.steps) << seed;
    ASSERT_EQ(again->hosts, plan.hosts) << seed;
    ASSERT_EQ(write_plan(*again), text) << seed;
  }
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(PlanCodec, RefusesWhatThisBuildDidNotWrite) {
  Plan plan{.application = "a"};
  plan.steps.push_back({.name = "s", .action = "file"});
  plan.hosts.push_back(
      {.host = {.name = "h"}, .steps = {HostStep{.params = {{"p", "v"}}, .touches = {{"path", {{"path", "/x"}}}}}}});
  const std::string good = write_plan(plan);
  ASSERT_TRUE(read_plan(good).has_value());
  const std::string cases[] = {
      "",
      " ",
      "null",
      "[]",
      "{}",
      "0",
      "\"plan\"",
      "{",
      std::string(100'000, '['),
      "\xff\xfe",
      std::string("{\0}", 3),
      good + " ",
      " " + good,
      good + good,
      good.substr(0, good.size() - 1),
      replaced(good, "\"format\":1", "\"format\":2"),
      replaced(good, "\"format\":1", "\"format\":\"1\""),
      replaced(good, "\"format\":1", "\"format\":1,\"extra\":1"),
      replaced(good, "\"application\":\"a\"", "\"application\":\"a\",\"application\":\"b\""),
      replaced(good, "\"application\":\"a\"", "\"application\":7"),
      replaced(good, "\"application\":\"a\",", ""),
      replaced(good, "\"tier\":0", "\"tier\":3"),
      replaced(good, "\"tier\":0", "\"tier\":-1"),
      replaced(good, "\"tier\":0", "\"tier\":4294967296"),
      replaced(good, "\"way_back\":1", "\"way_back\":4"),
      replaced(good, "\"port\":22", "\"port\":65558"),
      replaced(good, "\"port\":22", "\"port\":-1"),
      replaced(good, "\"port\":22", "\"port\":22.5"),
      replaced(good, "\"batch\":0", "\"batch\":4294967296"),
      replaced(good, "\"retries\":0", "\"retries\":true"),
      replaced(good, "\"run_once\":false", "\"run_once\":0"),
      replaced(good, "\"p\":\"v\"", "\"p\":\"\\\\166\""),
      replaced(good, "\"p\":\"v\"", "\"p\":\"v w\""),
      replaced(good, "\"p\":\"v\"", "\"p\":[\"v\"]"),
      replaced(good, "\"params\":{\"p\":\"v\"}", "\"params\":[\"v\"]"),
      replaced(good, "\"hosts\":[", "\"hosts\":[7,"),
      replaced(good, "\"steps\":[", "\"steps\":[[],"),
  };
  for (const std::string& text : cases) {
    const auto plan_read = read_plan(text);
    ASSERT_FALSE(plan_read.has_value()) << text.substr(0, 300);
    EXPECT_EQ(plan_read.error().kind, Kind::integrity) << text.substr(0, 300);
    EXPECT_EQ(plan_read.error().what.find('\n'), std::string::npos);
  }
}

TEST(PlanCodec, NoByteOfAPlanCanBeChangedWithoutAnotherPlan) {
  const std::string good = write_plan(random_plan(7));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    if (const auto plan = read_plan(bad)) EXPECT_EQ(write_plan(*plan), bad) << i;
  }
}

}  // namespace
}  // namespace belay::engine
