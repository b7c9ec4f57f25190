// What a schema refuses is said in sentences, with the place of the node.
#include "daemon/wire/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/wire/yaml.hpp"

namespace belay::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* schema_text = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["name"],
  "properties": {
    "name": {"type": "string", "pattern": "^[a-z]+$", "x-says": "a lower-case word"},
    "mode": {"type": "string"},
    "state": {"enum": ["started", "stopped"]},
    "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/item"}},
    "retries": {"type": "integer", "minimum": 0, "maximum": 10},
    "serial": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+%$"}], "x-says": "a number or a percentage"},
    "from": {"type": "string", "x-belay": "payload-file"}
  },
  "definitions": {
    "item": {"type": "object", "required": ["path"], "additionalProperties": false,
             "properties": {"path": {"type": "string", "minLength": 1}}}
  }
})";

std::vector<std::string> check(std::string_view yaml) {
  auto schema = Schema::compile(schema_text, "s.json");
  EXPECT_TRUE(schema.has_value()) << schema.error().text();
  auto value = read_yaml(yaml, "f.yaml");
  EXPECT_TRUE(value.has_value());
  std::vector<std::string> out;
  for (const Finding& finding : schema->check(*value)) out.push_back(finding.text());
  return out;
}

TEST(Schema, SaysEachKindOfMistake) {
  struct Case {
    const char* yaml;
    const char* text;
  };
  const std::vector<Case> cases = {
      {"mode: x\n", "f.yaml:1:1: error: \"name\" is missing. Add name. [schema]"},
      {"name: Abc\n", "f.yaml:1:7: error: \"name\" must be a lower-case word, not \"Abc\". [schema]"},
      {"name: a\nmode: 640\n",
       "f.yaml:2:7: error: \"mode\" must be text, not 640 (a whole number). Put it in quotes. [schema]"},
      {"name: a\nmod: x\n", "f.yaml:2:1: error: the key \"mod\" is not known. Did you mean \"mode\"? [schema]"},
      {"name: a\nstate: up\n", "f.yaml:2:8: error: \"state\" must be one of started, stopped, not \"up\". [schema]"},
      {"name: a\nitems: []\n", "f.yaml:2:8: error: \"items\" must not be empty. [schema]"},
      {"name: a\nitems:\n  - path: x\n  - {}\n",
       "f.yaml:4:5: error: \"path\" is missing in \"items[1]\". Add path. [schema]"},
      {"name: a\nitems: [{path: \"\"}]\n", "f.yaml:2:16: error: \"items[0].path\" must not be empty. [schema]"},
      {"name: a\nitems: [{path: x, y: 1}]\n",
       "f.yaml:2:19: error: the key \"y\" is not known in \"items[0]\". Known keys: path. [schema]"},
      {"name: a\nretries: 11\n", "f.yaml:2:10: error: \"retries\" must be a number less than or equal to 10. [schema]"},
      {"[]\n", "f.yaml:1:1: error: the file must be a map, not a list. [schema]"},
      {"", "f.yaml:1:1: error: the file must be a map, not nothing. [schema]"},
  };
  for (const auto& c : cases) EXPECT_THAT(check(c.yaml), ElementsAre(std::string(c.text))) << c.yaml;
}

TEST(Schema, AcceptsWhatIsValid) {
  EXPECT_THAT(check("name: a\nserial: 50%\nitems: [{path: x}]\nretries: 3\n"), ElementsAre());
}

TEST(Schema, ExplainsAlternativesByTheirWords) {
  auto got = check("name: a\nserial: many\n");
  ASSERT_FALSE(got.empty());
  EXPECT_THAT(got.front(), HasSubstr("\"serial\" must be a number or a percentage, not \"many\""));
}

TEST(Schema, NamesTheKeysOfWhichOneIsWanted) {
  auto schema = Schema::compile(
      R"({"type":"object","oneOf":[{"required":["from"]},{"required":["content"]}],"required":["to"],
          "properties":{"from":{"type":"string"},"content":{"type":"string"},"to":{"type":"string"}}})",
      "s");
  ASSERT_TRUE(schema.has_value());
  const auto check_text = [&](const char* yaml) {
    std::vector<std::string> out;
    for (const Finding& finding : schema->check(*read_yaml(yaml, "f"))) out.push_back(finding.message);
    return out;
  };
  EXPECT_THAT(check_text("to: x\n"), ElementsAre("the file needs one of from, content"));
  EXPECT_THAT(check_text("to: x\nfrom: a\ncontent: b\n"), ElementsAre("the file takes only one of from, content"));
  EXPECT_THAT(check_text("to: x\nfrom: a\n"), ElementsAre());
}

TEST(Schema, FindsSeveralMistakesAtOnceInTheOrderOfTheFile) {
  auto got = check("mode: 1\nstate: up\n");
  ASSERT_EQ(got.size(), 3U);
  EXPECT_THAT(got[0], HasSubstr("missing"));
  EXPECT_THAT(got[1], HasSubstr("mode"));
  EXPECT_THAT(got[2], HasSubstr("state"));
}

TEST(Schema, NeverHandsLongTextToARegularExpression) {
  auto got = check("name: " + std::string(500'000, 'a') + "\n");
  ASSERT_EQ(got.size(), 1U);
  EXPECT_THAT(got[0], HasSubstr("longer than 1024 bytes"));
}

TEST(Schema, EscapesHostileBytes) {
  auto got = check("name: \"a\\e[31m\"\n");
  ASSERT_EQ(got.size(), 1U);
  EXPECT_THAT(got[0], HasSubstr("\\x1b[31m"));
}

TEST(Schema, RefusesWhatIsNoSchema) {
  EXPECT_FALSE(Schema::compile("[", "s").has_value());
  EXPECT_FALSE(Schema::compile(R"({"type": 3})", "s").has_value());
  EXPECT_FALSE(Schema::compile(R"({"$ref": "http://example.com/x.json"})", "s").has_value());
}

TEST(Schema, TellsAnnotations) {
  auto schema = Schema::compile(schema_text, "s.json");
  EXPECT_EQ(schema->annotation("from", "x-belay"), "payload-file");
  EXPECT_EQ(schema->annotation("mode", "x-belay"), "");
  EXPECT_EQ(schema->annotation("none", "x-belay"), "");
}

}  // namespace
}  // namespace belay::wire
