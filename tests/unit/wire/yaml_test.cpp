// The YAML guard: what it refuses (threats F-54), how it types, where it says things are.
#include "daemon/wire/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/wire/json.hpp"

namespace belay::wire {
namespace {

using testing::HasSubstr;

std::string repeat(std::string_view piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

std::string lists_deep(std::size_t depth) {
  std::string open(depth, '[');
  return open.append(depth, ']');
}

struct Refused {
  const char* name;
  std::string text;
  const char* what;
  int line = 0;
  int column = 0;
};

class RefusedYaml : public testing::TestWithParam<Refused> {};

TEST_P(RefusedYaml, WithOneSentenceAndAPlace) {
  const auto& c = GetParam();
  auto got = read_yaml(c.text, "f.yaml");
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().kind, Kind::invalid);
  EXPECT_THAT(got.error().what, HasSubstr(c.what));
  ASSERT_TRUE(got.error().place.has_value());
  EXPECT_EQ(got.error().place->file, "f.yaml");
  if (c.line != 0) {
    EXPECT_EQ(got.error().place->line, c.line) << got.error().text();
  }
  if (c.column != 0) {
    EXPECT_EQ(got.error().place->column, c.column) << got.error().text();
  }
}

INSTANTIATE_TEST_SUITE_P(
    F54, RefusedYaml,
    testing::Values(
        Refused{"deep_list", lists_deep(16'000), "nested deeper than 32", 1, 33},
        Refused{"deep_unclosed", repeat("[", 16'000), "", 1}, Refused{"deep_million", repeat("[", 1'000'000), "", 1},
        Refused{"deep_map", repeat("{a: ", 16'000), "", 1},
        Refused{"deep_block", repeat("- ", 16'000), "nested deeper than 32", 1},
        Refused{"deep_question", repeat("? ", 16'000), "", 1}, Refused{"deep_mixed", repeat("[{a: ", 16'000), "", 1},
        Refused{"deep_by_one", lists_deep(33), "nested deeper", 1}, Refused{"anchor", "a: &x 1\n", "anchors", 1, 4},
        Refused{"anchor_on_list", "a: &x [1]\n", "anchors", 1, 4}, Refused{"alias", "a: 1\nb: *x\n", "", 2},
        Refused{"alias_bomb", "a: &a [x,x]\nb: &b [*a,*a]\n", "anchors", 1},
        Refused{"merge", "b:\n  <<: {c: 1}\n", "merge keys", 2, 3},
        Refused{"tag_python", "a: !!python/object:os.system x\n", "tags", 1, 4},
        Refused{"tag_str", "a: !!str 1\n", "tags", 1, 4}, Refused{"tag_bare", "a: ! 1\n", "tags", 1, 4},
        Refused{"tag_verbatim", "a: !<tag:yaml.org,2002:int> 1\n", "tags", 1, 4},
        Refused{"duplicate", "a: 1\nb: 2\na: 3\n", "there twice", 3, 1},
        Refused{"duplicate_quoted", "a: 1\n\"a\": 3\n", "there twice", 2, 1},
        Refused{"duplicate_flow", "x: {a: 1, a: 2}\n", "there twice", 1, 11},
        Refused{"two_documents", "a: 1\n---\nb: 2\n", "second document", 0},
        Refused{"text_after_flow", "{a: 1}\nb: 2\n", "", 0}, Refused{"close_bracket", "[a]]\n", "", 0},
        Refused{"directive", "%YAML 1.1\n---\na: 1\n", "directives", 1, 1},
        Refused{"tag_directive", "# c\n%TAG ! tag:x,2000:\n---\na: 1\n", "directives", 2, 1},
        Refused{"list_as_key", "? [a]\n: 1\n", "a key must be text", 1}, Refused{"null_key", ": 1\n", "key", 1},
        Refused{"bom",
                "\xEF\xBB\xBF"
                "a: 1\n",
                "byte order mark", 1, 1},
        Refused{"utf16le", std::string("a\0:\0 \0001\0", 8), "UTF-16", 1, 1},
        Refused{"utf16_bom",
                std::string("\xFF\xFE"
                            "a\0",
                            4),
                "UTF-16", 1, 1},
        Refused{"bad_utf8", "a: 1\nb: x\xC3(\n", "not valid UTF-8", 2, 5},
        Refused{"overlong", "a: \xC0\xAF\n", "not valid UTF-8", 1, 4},
        Refused{"end_of_transmission", "a: 1\n\x04\nb: 2\n", "control character (0x04)", 2, 1},
        Refused{"nul", std::string("a: \0x\n", 6), "control character (0x00)", 1, 4},
        Refused{"escape", "a: \x1B[31m\n", "control character (0x1b)", 1, 4},
        Refused{"unclosed_quote", "a: \"x\n", "never closed", 1, 4},
        Refused{"unclosed_single_quote", "a: 'it''s\n\n", "never closed", 1, 4},
        Refused{"unclosed_key", "a: 1\n\"b\n", "", 2}, Refused{"unclosed_quote_at_end", "a: \"x", "not valid YAML", 1},
        Refused{"unclosed_list", "a: [1, 2\n", "not valid YAML", 0}, Refused{"bad_indent", "a: 1\n  b: 2\n", "", 2},
        Refused{"too_large", "a: " + std::string(1 << 20, 'x'), "at most 1048576", 0},
        Refused{"too_many", "a: [" + repeat("1,", 50'000) + "]", "more than 50000 values", 1},
        Refused{"long_key", std::string(1025, 'k') + ": 1\n", "", 1}),
    [](const auto& param) { return std::string(param.param.name); });

struct Typed {
  std::string text;
  Value want;
};

TEST(PlainScalars, AreTypedOnlyWhenNothingIsLost) {
  const std::vector<Typed> cases = {
      {"true", Value(true)},
      {"false", Value(false)},
      {"null", Value()},
      {"~", Value()},
      {"", Value()},
      {"640", Value(640)},
      {"-1", Value(-1)},
      {"1.5", Value(1.5)},
      {"0", Value(0)},
      {"yes", Value("yes")},
      {"no", Value("no")},
      {"on", Value("on")},
      {"True", Value("True")},
      {"NULL", Value("NULL")},
      {"0o7", Value("0o7")},
      {"0x1f", Value("0x1f")},
      {"0640", Value("0640")},
      {"1e3", Value("1e3")},
      {"1.10", Value("1.10")},
      {"1.0", Value("1.0")},
      {"1_000", Value("1_000")},
      {"+1", Value("+1")},
      {".5", Value(".5")},
      {"1.", Value("1.")},
      {".inf", Value(".inf")},
      {".nan", Value(".nan")},
      {"nan", Value("nan")},
      {"inf", Value("inf")},
      {"1.2.3", Value("1.2.3")},
      {"-0", Value("-0")},
      {"12:30:45", Value("12:30:45")},
      {"2024-01-01", Value("2024-01-01")},
      {"9223372036854775807", Value(std::int64_t{9223372036854775807})},
      {"9223372036854775808", Value("9223372036854775808")},
      {"1000000000000000000000", Value("1000000000000000000000")},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(plain_scalar(c.text), c.want) << c.text;
    if (auto text = plain_scalar(c.text).as_text()) {
      EXPECT_EQ(*text, c.text);
    }
  }
}

TEST(ReadYaml, KeepsQuotedScalarsAsText) {
  auto got = read_yaml("a: \"640\"\nb: 'true'\nc: |\n  x\n  y\nd: \"\"\n", "f");
  ASSERT_TRUE(got.has_value()) << got.error().text();
  EXPECT_EQ(to_json(*got), (nlohmann::json{{"a", "640"}, {"b", "true"}, {"c", "x\ny\n"}, {"d", ""}}));
}

TEST(ReadYaml, KnowsWhereEachNodeIs) {
  auto got = read_yaml("a: 1\nlist:\n  - x\n  - k: \xC3\xA4 # \xC3\xB6\n    e: {p: q}\nempty:\n", "f.yaml");
  ASSERT_TRUE(got.has_value()) << got.error().text();
  const auto at = [](const Value& value, int line, int column) {
    EXPECT_EQ(value.place.file, "f.yaml");
    EXPECT_EQ(value.place.line, line);
    EXPECT_EQ(value.place.column, column);
  };
  at(*got->find("a"), 1, 4);
  at(*got->find("list"), 3, 3);
  const Value& item = (*got->find("list")->list())[1];
  at(item, 4, 5);
  at(*item.find("k"), 4, 8);
  at(*item.find("e")->find("p"), 5, 12);
  at(*got->find("empty"), 6, 1);  // its key's place: there is nothing to point at
  EXPECT_EQ(item.map()->at(1).key_place.column, 5);
}

TEST(ReadYaml, CountsColumnsInCharacters) {
  auto got = read_yaml("{\xC3\xA4: 1, b: 2}\n", "f");
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->find("b")->place.column, 11);
}

TEST(ReadYaml, AcceptsWhatPeopleWrite) {
  EXPECT_TRUE(read_yaml("", "f")->is_null());
  EXPECT_TRUE(read_yaml("# only a comment\n", "f")->is_null());
  EXPECT_TRUE(read_yaml("---\na: 1\n...\n", "f").has_value());
  EXPECT_TRUE(read_yaml("a: 1\r\nb: 2\r\n", "f").has_value());
  EXPECT_TRUE(read_yaml(lists_deep(32), "f").has_value());
  auto text = read_yaml("run: >-\n  sh -c\n  'x %y'\nb: \"%x\"\nc: a & b * c ! d\nd: x#y\n", "f");
  ASSERT_TRUE(text.has_value()) << text.error().text();
  EXPECT_EQ(text->text_or("c"), "a & b * c ! d");
  EXPECT_EQ(text->text_or("run"), "sh -c 'x %y'");
}

TEST(ReadYaml, KeepsTheOrderOfKeys) {
  auto got = read_yaml("z: 1\na: 2\nm: 3\n", "f");
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->map()->at(0).key, "z");
  EXPECT_EQ(got->map()->at(2).key, "m");
}

}  // namespace
}  // namespace belay::wire
