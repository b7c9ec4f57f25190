// What stands on hosts that are not proven to be back, folded from the journal alone.
#include "daemon/engine/standing.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace belay::engine {
namespace {

using nlohmann::json;

struct Fold {
  Plan plan;
  reduce::RunState state;
  std::vector<Recorded> events;
  Fold() {
    for (const char* name : {"Unpack", "Migrate"}) plan.steps.push_back({.name = name});
    for (const char* name : {"web1", "web2"})
      plan.hosts.push_back({.host = {.name = name, .address = "192.0.2.1", .user = "release", .base = "/b"},
                            .steps = std::vector<HostStep>(2)});
    plan.hosts[1].host.transport = "local";
    state = reduce::initial(RunKind::rollback, plan);  // every step stands, and is to be put back
  }
  void add(Event event) {
    event.run = "R";
    events.push_back({events.size() + 1, 0, event});
    reduce::apply(state, plan, event, 1);
  }
  [[nodiscard]] json document(const std::set<std::pair<std::string, int>>& copied = {}) const {
    return standing(plan, state, events, "DEPLOYED", copied);
  }
};

TEST(Standing, NamesEachStepThatIsNotProvenAndWhatWasSeen) {
  Fold fold;
  fold.add({.type = EventType::restored,
            .run = {},
            .host = "web1",
            .step = 2,
            .ok = false,
            .note = "damaged",
            .detail = R"({"token":"firing\u001b","differences":[{"path":"/a\\040b","what":"is there, was not"}]})"});
  fold.add({.type = EventType::rb_intent, .run = {}, .host = "web1", .step = 1});
  for (const int step : {2, 1}) {
    fold.add({.type = EventType::restored, .run = {}, .host = "web2", .step = step});
    fold.add({.type = EventType::rb_proven, .run = {}, .host = "web2", .step = step, .digest = "d", .detail = "[]"});
  }
  const json document = fold.document({{"web1", 2}});
  ASSERT_EQ(document.size(), 1u) << document << "\nwhat is proven needs nobody";
  EXPECT_EQ(document[0]["name"], "web1");
  EXPECT_EQ(document[0]["reach"], "ssh -p 22 release@192.0.2.1");
  ASSERT_EQ(document[0]["steps"].size(), 2u);
  const json& first = document[0]["steps"][0];
  EXPECT_EQ(first["phase"], "restoring");
  EXPECT_EQ(first["token"], "") << "it was begun, and nothing is known of its end";
  EXPECT_EQ(first["copy"], false);
  EXPECT_TRUE(first["differences"].is_null()) << "nobody has looked";
  const json& second = document[0]["steps"][1];
  EXPECT_EQ(second["snapshot"], "/b/runs/DEPLOYED/2/snap");
  EXPECT_EQ(second["token"], "firing\\x1b");
  EXPECT_EQ(second["copy"], true);
  EXPECT_EQ(second["note"], "damaged");
  EXPECT_EQ(second["differences"], json::array({"/a b is there, was not"}));
}

TEST(Standing, TheLastLookCounts) {
  Fold fold;
  fold.add({.type = EventType::restored,
            .run = {},
            .host = "web2",
            .step = 2,
            .ok = false,
            .detail = R"({"token":"armed"})"});
  EXPECT_EQ(fold.document()[1]["steps"][1]["token"], "armed");
  fold.add({.type = EventType::restored, .run = {}, .host = "web2", .step = 2});
  fold.add({.type = EventType::rb_proven,
            .run = {},
            .host = "web2",
            .step = 2,
            .ok = false,
            .digest = "d",
            .detail = R"([{"path":"/c","what":"mode is 0644, was 0600"}])"});
  const json step = fold.document()[1]["steps"][1];
  EXPECT_EQ(step["token"], "restored");
  EXPECT_EQ(step["differences"], json::array({"/c mode is 0644, was 0600"}));
  EXPECT_EQ(fold.document()[1]["reach"], "");
}

TEST(Standing, WhereTheWayBackDidNotGetToTheStepStands) {
  EXPECT_EQ(Fold().document()[0]["steps"][0]["token"], "committed");
}

// Why: what an earlier version wrote has no such detail.
TEST(Standing, AnEventWithoutDetailIsNoHarm) {
  Fold fold;
  for (const char* detail : {"", "[]", "nonsense", "1"}) {
    fold.add({.type = EventType::restored, .run = {}, .host = "web1", .step = 1, .ok = false, .detail = detail});
    EXPECT_TRUE(fold.document()[0]["steps"][0]["differences"].is_null()) << detail;
  }
}

}  // namespace
}  // namespace belay::engine
