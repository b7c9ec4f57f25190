// The `when` of a step: its grammar as a table, and what is said about one that cannot be read.
#include <gtest/gtest.h>

#include <map>

#include "daemon/model/expression.hpp"

namespace belay {
namespace {

std::optional<std::string> lookup(std::string_view name) {
  static const std::map<std::string, std::string, std::less<>> known{{"os", "debian"},
                                                                     {"version", "12"},
                                                                     {"empty", ""},
                                                                     {"no-value", "no"},
                                                                     {"first.ok", "true"},
                                                                     {"first.rc", "0"},
                                                                     {"facts.os", "d"},
                                                                     {"off", "false"},
                                                                     {"zero", "0"},
                                                                     {"word", "yes"},
                                                                     {"notable", "x"},
                                                                     {"order", "x"},
                                                                     {"inner", "x"},
                                                                     {"android", "x"},
                                                                     {"quote", "it's ok"},
                                                                     {"_u", "u"},
                                                                     {"big", "9223372036854775808"}};
  const auto found = known.find(name);
  if (found == known.end()) return std::nullopt;
  return found->second;
}

TEST(Expression, Grammar) {
  struct Case {
    const char* text;
    bool holds;
  };
  const Case cases[] = {
      // literals and bare names
      {"true", true},
      {"false", false},
      {"1", true},
      {"0", false},
      {"-1", true},
      {"'x'", true},
      {"''", false},
      {"\"no\"", false},
      {"os", true},
      {"empty", false},
      {"no-value", false},
      {"off", false},
      {"zero", false},
      {"word", true},
      {"_u == 'u'", true},
      {"first.ok", true},
      {"facts.os == 'd'", true},
      // names that begin like words of the grammar
      {"notable", true},
      {"order", true},
      {"inner", true},
      {"android", true},
      {"not notable", false},
      {"true and order", true},
      // comparisons
      {"os == 'debian'", true},
      {"os == \"debian\"", true},
      {"os=='debian'", true},
      {"os != 'debian'", false},
      {"os == os", true},
      {"version < 9", false},
      {"version > 9", true},
      {"version >= 12", true},
      {"version <= 12", true},
      {"version < 13", true},
      {"'12' == 12", true},
      {"'012' == 12", false},
      {"'b' > 'a'", true},
      {"'10' < 'a'", true},
      {"'10' < '9'", false},
      {"'10' < '9x'", true},
      {"-2 < -1", true},
      {"big > 5", true},
      {"first.rc == 0", true},
      {"\tos ==\n'debian' ", true},
      {"quote == \"it's ok\"", true},
      // lists
      {"os in ['debian', 'ubuntu']", true},
      {"os in ['alpine']", false},
      {"'a' in [['a'], 'b']", true},
      {"os in 'debian'", true},
      {"['a'] == 'a'", true},
      {"['a', 'b'] == ['a', 'b']", true},
      {"['a', 'b'] in ['a', 'b']", false},
      {"['a','b'] < 'c'", false},
      {"['false', 'no']", true},
      // not, and, or, brackets
      {"not os", false},
      {"not not os", true},
      {"not os == 'x'", true},
      {"true and false", false},
      {"true or false", true},
      {"false and false or true", true},
      {"true or true and false", true},
      {"(true or true) and false", false},
      {"not (true and false)", true},
      {"not false and true", true},
      {"true and not false", true},
      {"(os) == ('debian')", true},
      {"1 and 2 and 3", true},
      {"false or false or true", true},
  };
  for (const Case& one : cases) {
    const auto result = evaluate(one.text, lookup);
    ASSERT_TRUE(result.has_value()) << one.text << ": " << result.error().text();
    EXPECT_EQ(*result, one.holds) << one.text;
  }
}

TEST(Expression, ErrorsNameTheColumn) {
  struct Case {
    const char* text;
    int column;
    const char* says;
  };
  const Case cases[] = {
      {"", 1, "expected"},
      {"   ", 4, "expected"},
      {"os ==", 6, "expected"},
      {"== os", 1, "expected"},
      {"(os", 4, "')' is missing"},
      {"[os", 4, "']' is missing"},
      {"os)", 3, "more than one"},
      {"os 'x'", 4, "more than one"},
      {"'open", 1, "not closed"},
      {"\"open'", 1, "not closed"},
      {"[]", 2, "expected"},
      {"['a',]", 6, "expected"},
      {"nobody", 1, "'nobody' is no fact"},
      {"os == nobody", 7, "'nobody' is no fact"},
      {"os = 'x'", 4, "more than one"},
      {"os && os", 4, "more than one"},
      {"1 < 2 < 3", 7, "more than one"},
      {"os == $(reboot)", 7, "expected"},
      {"{{ os }}", 1, "expected"},
      {"os == 'a' and", 14, "expected"},
      {"not", 4, "expected"},
      {"first.output == 'x'", 1, "first.output"},
      {"99999999999999999999 > 1", 1, "is no fact"},
      {"true or nobody", 9, "nobody"},
      {"false and nobody", 11, "nobody"},
  };
  for (const Case& one : cases) {
    const auto result = evaluate(one.text, lookup);
    ASSERT_FALSE(result.has_value()) << one.text;
    EXPECT_EQ(result.error().kind, Kind::invalid) << one.text;
    EXPECT_NE(result.error().what.find("column " + std::to_string(one.column) + ":"), std::string::npos)
        << one.text << " -> " << result.error().what;
    EXPECT_NE(result.error().what.find(one.says), std::string::npos) << one.text << " -> " << result.error().what;
    EXPECT_FALSE(result.error().next.empty());
  }
}

TEST(Expression, HostileBytesAreEscapedInTheMessage) {
  const auto result = evaluate(std::string("\x1b[2J\0'", 6), lookup);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().what.find('\x1b'), std::string::npos);
}

TEST(Expression, DepthIsLimitedNotTheStack) {
  for (const std::string& open : {std::string("("), std::string("["), std::string("not ")}) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += open;
    const auto result = evaluate(deep + "os", lookup);
    ASSERT_FALSE(result.has_value());
    EXPECT_NE(result.error().what.find("too deeply"), std::string::npos)
        << result.error().what.substr(result.error().what.size() - 80);
  }
  std::string fine = "os";
  for (int i = 0; i < 30; ++i) fine = "(" + fine + ")";
  EXPECT_TRUE(evaluate(fine, lookup).has_value());
  // Length alone is no depth.
  std::string chain = "os";
  for (int i = 0; i < 10'000; ++i) chain += " and os";
  EXPECT_TRUE(evaluate(chain, lookup).has_value());
}

TEST(Expression, NamesInAreThoseItWouldAskFor) {
  const auto names = names_in("os == 'debian' and (first.ok or not version > 9) and true and 5 in [zero, other-one]");
  ASSERT_TRUE(names.has_value());
  EXPECT_EQ(*names, (std::set<std::string>{"os", "first.ok", "version", "zero", "other-one"}));
  EXPECT_TRUE(names_in("'a' == 'b'")->empty());
  EXPECT_FALSE(names_in("os ==").has_value());
}

}  // namespace
}  // namespace belay
