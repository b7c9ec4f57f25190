// The JSON guard, the way between JSON and Value, and the canonical form.
#include "daemon/wire/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belay::wire {
namespace {

using testing::HasSubstr;

TEST(ReadJson, RefusesWithAPlaceOrAReason) {
  struct Case {
    std::string text;
    const char* what;
    int line;
  };
  const std::vector<Case> cases = {
      {R"({"a":1,"a":2})", "\"a\" is there twice", 0},
      {R"({"x":{"a":1,"a":2}})", "there twice", 0},
      {std::string(100'000, '['), "nested deeper than 32", 0},
      {R"({"a":1} x)", "", 1},
      {"{\n\"a\": tru\n}", "", 2},
      {"", "", 0},
      {"{\"a\": 1e999}", "", 0},
      {"\"\xC3(\"", "not valid UTF-8", 1},
      {"\"a\x01\"", "control character", 1},
      {R"("\ud800")", "", 1},
      {"NaN", "", 1},
      {"[1,]", "", 1},
  };
  for (const auto& c : cases) {
    auto got = read_json(c.text, "f.json");
    ASSERT_FALSE(got.has_value()) << c.text.substr(0, 40);
    EXPECT_THAT(got.error().what, HasSubstr(c.what)) << c.text.substr(0, 40);
    if (c.line != 0) {
      EXPECT_EQ(got.error().place->line, c.line);
    }
  }
}

TEST(ReadJson, CountsValues) {
  std::string many = "[0";
  for (int i = 0; i < 100; ++i) many += ",0";
  many += "]";
  EXPECT_FALSE(read_json(many, "f", JsonLimits{.values = 101}).has_value());
  EXPECT_TRUE(read_json(many, "f", JsonLimits{.values = 102}).has_value());
  EXPECT_FALSE(read_json(many, "f", JsonLimits{.bytes = 10}).has_value());
}

TEST(CanonicalJson, SortsKeysAndHasNoBlanks) {
  auto json = read_json(" { \"b\" : [ 1 , 2.5 , null ] , \"a\" : { \"\xC3\xA4\" : \"x\\ny\" } } ", "f");
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(*canonical_json(*json), "{\"a\":{\"\xC3\xA4\":\"x\\ny\"},\"b\":[1,2.5,null]}");
  EXPECT_FALSE(canonical_json(nlohmann::json("\xFF")).has_value());
}

TEST(ValueJson, GoesThereAndBack) {
  auto json = read_json(R"({"a":[true,null,-3,1.25,"t"],"m":{"k":"v"}})", "f");
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(to_json(from_json(*json)), *json);
}

}  // namespace
}  // namespace belay::wire
