// Reading a manifest: what a host sends is hostile until every line has been looked at.
#include <gtest/gtest.h>

#include "daemon/model/manifest.hpp"

namespace belay {
namespace {

constexpr const char* file_line = "f 0644 0 0 12 1700000000.5 e3b0c442 - - /etc/app.conf -";

std::string with(const std::string& line) { return "# 0 path /etc/app.conf\n" + line + "\n"; }

TEST(ParseManifest, TakesEveryDocumentedForm) {
  const std::string text = std::string("# 0 path /etc/app.conf\n") + file_line +
                           "\n"
                           "# 1 path /srv\n"
                           "d 0755 0 0 - 1700000000 - - - /srv -\n"
                           "l 0777 0 0 - - - - - /srv/link ../a\\040b\n"
                           "p 0600 1 1 - 1 - - - /srv/pipe -\n"
                           "s 0600 1 1 - - - - - /srv/sock -\n"
                           "b 0600 0 0 - 1 8:1 - - /srv/disk -\n"
                           "c 0600 0 0 - 1 1:3 - ? /srv/null -\n"
                           "f 4755 0 0 3 1 aa /srv/twin 0123456789abcdef /srv/zwin -\n"
                           "# 2 service nginx\n"
                           "= running yes\n"
                           "= start a\\040b\n"
                           "# 3 command ./x\n"
                           "= 000001 \n"
                           "# 4 path /gone/x\n"
                           "- - - - - - - - - /gone -\n"
                           "- - - - - - - - - /gone/x -\n";
  const auto manifest = parse_manifest(text);
  ASSERT_TRUE(manifest.has_value()) << manifest.error().text();
  ASSERT_EQ(manifest->parts.size(), 5u);
  EXPECT_EQ(manifest->parts[0].resource, "path");
  EXPECT_EQ(manifest->parts[0].key, "/etc/app.conf");
  EXPECT_EQ(manifest->parts[0].lines[0].text, file_line);
  EXPECT_EQ(manifest->parts[0].lines[0].path, "/etc/app.conf");
  EXPECT_EQ(manifest->parts[1].lines.size(), 7u);
  EXPECT_EQ(manifest->parts[2].lines[0].path, "running");
  EXPECT_EQ(manifest->parts[3].lines[0].path, "000001");
  EXPECT_EQ(manifest->parts[4].lines[1].path, "/gone/x");
}

TEST(ParseManifest, NothingIsAManifestWithoutParts) {
  const auto manifest = parse_manifest("");
  ASSERT_TRUE(manifest.has_value());
  EXPECT_TRUE(manifest->parts.empty());
}

struct Hostile {
  const char* name;
  std::string text;
};

TEST(ParseManifest, RefusesEverythingElse) {
  const std::string nul("\0", 1);
  const Hostile cases[] = {
      {"no line end", "# 0 path /x"},
      {"a line without a header", std::string(file_line) + "\n"},
      {"an empty line", with("")},
      {"ten columns", with("f 0644 0 0 12 1 e3 - - /x")},
      {"twelve columns", with("f 0644 0 0 12 1 e3 - - /x - -")},
      {"two spaces", with("f 0644 0  0 12 1 e3 - - /x -")},
      {"a trailing space", with("f 0644 0 0 12 1 e3 - - /x - ")},
      {"a leading space", with(" f 0644 0 0 12 1 e3 - - /x -")},
      {"an unknown type", with("x 0644 0 0 12 1 e3 - - /x -")},
      {"a long type", with("ff 0644 0 0 12 1 e3 - - /x -")},
      {"a relative path", with("f 0644 0 0 12 1 e3 - - x -")},
      {"an escape sequence", with("f 0644 0 0 12 1 e3 - - /x\x1b[2J -")},
      {"a carriage return", with("f 0644 0 0 12 1 e3 - - /x -\r")},
      {"a tab", with("f\t0644 0 0 12 1 e3 - - /x -")},
      {"a NUL", with("f 0644 0 0 12 1 e3 - - /x" + nul + " -")},
      {"a high byte", with("f 0644 0 0 12 1 e3 - - /\xff -")},
      {"a state without a value", with("= running")},
      {"a state without a key", with("=  yes")},
      {"a header with nothing", "# \n"},
      {"a header without a number", "# x path /x\n"},
      {"a header with a negative number", "# -1 path /x\n"},
      {"a header with a huge number", "# 99999999999999999999 path /x\n"},
      {"a header with a number only", "# 0\n"},
      {"a header without a resource", "# 0  /x\n"},
      {"a header without a key", "# 0 path\n"},
      {"a header with an empty key", "# 0 path \n"},
      {"a header with words after the key", "# 0 path /x y\n"},
      {"a header with a resource that is a path", "# 0 ../path /x\n"},
      {"a resource twice", "# 0 path /x\n# 0 path /y\n"},
      {"an entry twice", with(std::string(file_line) + "\n" + file_line)},
      {"an entry that is there and absent", with(std::string(file_line) + "\n- - - - - - - - - /etc/app.conf -")},
      {"a state twice", with("= running yes\n= running no")},
  };
  for (const Hostile& one : cases) {
    const auto manifest = parse_manifest(one.text);
    ASSERT_FALSE(manifest.has_value()) << one.name;
    EXPECT_EQ(manifest.error().kind, Kind::integrity) << one.name;
    EXPECT_EQ(manifest.error().text().find_first_of("\x1b\r\n"), std::string::npos) << one.name;
  }
}

TEST(ParseManifest, TheSameEntryMayStandInTwoParts) {
  const auto manifest =
      parse_manifest(std::string("# 0 path /etc\n") + file_line + "\n# 1 path /etc/app.conf\n" + file_line + "\n");
  EXPECT_TRUE(manifest.has_value()) << manifest.error().text();
}

}  // namespace
}  // namespace belay
