// `{{ name }}`, command words and values: the pure helpers of daemon/model that readers of YAML rely on.
#include "daemon/model/template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/model/words.hpp"

namespace belay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::optional<std::string> lookup(std::string_view name) {
  if (name == "version") return "1.2";
  if (name == "hostile") return "$(reboot) {{ version }} '\"`";
  if (name == "empty") return "";
  return std::nullopt;
}

TEST(Render, ReplacesOnceAndNeverReadsWhatItPutIn) {
  struct Case {
    const char* text;
    const char* want;
  };
  const std::vector<Case> cases = {
      {"", ""},
      {"plain { } }} text", "plain { } }} text"},
      {"/opt/{{ version }}/x", "/opt/1.2/x"},
      {"{{version}}{{	version }}", "1.21.2"},
      {"{{ hostile }}", "$(reboot) {{ version }} '\"`"},
      {"a{{ empty }}b", "ab"},
      {"{{ \"{{\" }} x }}", "{{ x }}"},
      {"{{\"{{\"}}version}}", "{{version}}"},
      {"}}{{ version }}{{ version }}{", "}}1.21.2{"},
  };
  for (const auto& c : cases) {
    auto got = render(std::string_view(c.text), lookup);
    ASSERT_TRUE(got.has_value()) << c.text;
    EXPECT_EQ(*got, c.want);
  }
}

TEST(Render, RefusesEverythingElse) {
  for (const char* text : {"{{ }}", "{{", "{{ version", "{{ version }", "{{ a.b }}", "{{ version | upper }}",
                           "{{ 'x' }}", "{{{ version }}}", "{{ {{ version }} }}", "{{ 1x }}", "{{ a b }}",
                           "{{ \"{\" }}", "{{\nversion }}", "{{ unknown }}"}) {
    EXPECT_FALSE(render(std::string_view(text), lookup).has_value()) << text;
  }
}

TEST(Render, SaysWhere) {
  auto in_file = render(std::string_view("one\n  \xC3\xA4 {{ nope }}\n"), lookup, Place{"f.conf", 0, 0});
  ASSERT_FALSE(in_file.has_value());
  EXPECT_EQ(in_file.error().place->line, 2);
  EXPECT_EQ(in_file.error().place->column, 5);
  auto in_node = render(std::string_view("x {{ nope }}"), lookup, Place{"p.yaml", 7, 9});
  EXPECT_EQ(in_node.error().place->line, 7);
  EXPECT_EQ(in_node.error().place->column, 9);
}

TEST(TemplateUses, NamesEachUse) {
  auto uses = template_uses("{{ a }}\n{{ \"{{\" }} {{ b }}", Place{"f", 0, 0});
  ASSERT_TRUE(uses.has_value());
  ASSERT_EQ(uses->size(), 2U);
  EXPECT_EQ((*uses)[1].name, "b");
  EXPECT_EQ((*uses)[1].place.line, 2);
  EXPECT_EQ((*uses)[1].place.column, 12);
}

TEST(SplitWords, NeverExpands) {
  EXPECT_THAT(*split_words("./lb drain"), ElementsAre("./lb", "drain"));
  EXPECT_THAT(*split_words("  a\t b\n"), ElementsAre("a", "b"));
  EXPECT_THAT(*split_words("a 'b c' \"d \\\" \\\\ \\n\" e\\ f \"\" x''y"),
              ElementsAre("a", "b c", "d \" \\ \\n", "e f", "", "xy"));
  EXPECT_THAT(*split_words("echo $HOME * | ; & `x` # y"),
              ElementsAre("echo", "$HOME", "*", "|", ";", "&", "`x`", "#", "y"));
  EXPECT_THAT(*split_words("x --to={{ a b }} '{{ c }}'"), ElementsAre("x", "--to={{ a b }}", "{{ c }}"));
  EXPECT_THAT(*split_words("x {{ \"{{\" }}"), ElementsAre("x", "{{ \"{{\" }}"));
  for (const char* bad : {"", "  ", "a 'b", "a \"b", "a\\", "a {{ b"}) {
    EXPECT_FALSE(split_words(bad).has_value()) << bad;
  }
}

TEST(WordsOf, TakesTextOrAList) {
  EXPECT_THAT(*words_of(Value("a b")), ElementsAre("a", "b"));
  EXPECT_THAT(*words_of(Value(Value::List{Value("a b"), Value(3), Value(true)})), ElementsAre("a b", "3", "true"));
  EXPECT_FALSE(words_of(Value(Value::List{})).has_value());
  EXPECT_FALSE(words_of(Value(3)).has_value());
  EXPECT_FALSE(words_of(Value(Value::List{Value()})).has_value());
}

}  // namespace
}  // namespace belay
