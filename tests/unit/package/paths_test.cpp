// Names, twins, links and globs: the pure rules, beyond what the hostile packages try.
#include "daemon/package/paths.hpp"

#include <gtest/gtest.h>

#include <map>

namespace belay::package {
namespace {

TEST(CheckPath, AllowsOrdinaryNames) {
  for (const char* path :
       {"files/x", "files/a b/c-d_e.tar.gz", "files/.hidden", "files/\xC3\xA9t\xC3\xA9", "files/x~", "files/console",
        "files/com10", "files/COM", "files/-rf", "files/$(reboot)", "files/a..b", "files/\xE6\x97\xA5\xE6\x9C\xAC"}) {
    EXPECT_TRUE(check_path(path).has_value()) << path;
  }
}

TEST(CheckPath, RefusesByteByByte) {
  for (int c = 0; c < 0x20; ++c)
    EXPECT_FALSE(check_path(std::string("files/a") + static_cast<char>(c) + "b").has_value());
  for (int c = 0x80; c < 0x100; ++c) EXPECT_FALSE(check_path(std::string("files/") + static_cast<char>(c)).has_value());
  EXPECT_FALSE(check_path("files/\x7F").has_value());
  EXPECT_FALSE(check_path("").has_value());
}

TEST(CheckLink, FollowsLinksAsAKernelWould) {
  const std::map<std::string, std::string, std::less<>> links = {
      {"files/a/up", ".."}, {"files/in", "a"}, {"files/out", "/etc"}, {"files/self", "self"}};
  const LinkAt at = [&](std::string_view path) {
    auto found = links.find(path);
    return found == links.end() ? nullptr : &found->second;
  };
  EXPECT_TRUE(check_link("files/l", "a/up/a/x", at).has_value());
  EXPECT_TRUE(check_link("files/l", "in/x", at).has_value());
  EXPECT_TRUE(check_link("files/l", "not/there/yet", at).has_value());
  EXPECT_TRUE(check_link("files/a/l", "../b", at).has_value());
  EXPECT_TRUE(check_link("files/l", "./x//y/.", at).has_value());
  EXPECT_FALSE(check_link("files/l", "a/up/../x", at).has_value());
  EXPECT_FALSE(check_link("files/l", "out/passwd", at).has_value());
  EXPECT_FALSE(check_link("files/l", "self/x", at).has_value());
}

TEST(Globs, MatchWithinAndAcrossDirectories) {
  struct Case {
    const char* glob;
    const char* path;
    bool matches;
  };
  const Case cases[] = {
      {"files/x", "files/x", true},      {"files/x", "files/xy", false},        {"files/*", "files/x", true},
      {"files/*", "files/x/y", false},   {"files/*.sql", "files/a.sql", true},  {"files/*.sql", "files/a.sqlx", false},
      {"files/**", "files/x/y", true},   {"files/**/z", "files/z", true},       {"files/**/z", "files/a/b/z", true},
      {"files/d/", "files/d/e/f", true}, {"files/d/", "files/dd/e", false},     {"files/?", "files/x", true},
      {"files/?", "files/xy", false},    {"files/a*b*c", "files/aXXbYc", true}, {"**", "files/x", true},
  };
  for (const auto& c : cases) EXPECT_EQ(glob_matches(c.glob, c.path), c.matches) << c.glob << " " << c.path;
  // No blow-up: a glob of stars against a long name.
  std::string stars = "files/";
  for (int i = 0; i < 200; ++i) stars += "*a";
  EXPECT_FALSE(glob_matches(stars, "files/" + std::string(1000, 'a') + "b"));
}

}  // namespace
}  // namespace belay::package
