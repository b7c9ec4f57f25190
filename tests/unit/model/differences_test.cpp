// What differs between two manifests, and what a person is told about it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/model/manifest.hpp"

namespace belay {
namespace {

Manifest parsed(const std::string& text) {
  auto manifest = parse_manifest(text);
  EXPECT_TRUE(manifest.has_value()) << manifest.error().text() << "\n" << text;
  return manifest ? *manifest : Manifest{};
}

std::vector<std::string> texts(const std::vector<Difference>& list) {
  std::vector<std::string> out;
  for (const Difference& one : list) out.push_back(fmt::format("{} {} {}", one.step, one.path, one.what));
  return out;
}

using Texts = std::vector<std::string>;

// "f 0644 0 0 5 1.5 aaaa - - /x -" with other columns.
std::string file(const std::string& path, const std::string& mode = "0644", const std::string& content = "aaaa") {
  return fmt::format("f {} 0 0 5 1 {} - - {} -\n", mode, content, path);
}
std::string folder(const std::string& path, const std::string& time = "1") {
  return fmt::format("d 0755 0 0 - {} - - - {} -\n", time, path);
}
std::string absent(const std::string& path) { return fmt::format("- - - - - - - - - {} -\n", path); }
std::string part(int index, const std::string& key) { return fmt::format("# {} path {}\n", index, key); }

TEST(Differences, EveryColumnHasItsSentence) {
  struct Case {
    const char* now;
    const char* what;
  };
  const std::string before = "f 0644 0 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -";
  const Case cases[] = {
      {"d 0644 0 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -", "is a directory, was a file"},
      {"l 0644 0 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -", "is a symbolic link, was a file"},
      {"p 0644 0 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -", "is a FIFO, was a file"},
      {"s 0644 0 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -", "is a socket, was a file"},
      {"b 0644 0 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -", "is a block device, was a file"},
      {"c 0644 0 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -", "is a character device, was a file"},
      {"f 0600 0 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -", "mode is 0600, was 0644"},
      {"f 0644 7 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -", "owner is 7, was 0"},
      {"f 0644 0 8 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -", "group is 8, was 0"},
      {"f 0644 0 0 6 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -", "size is 6, was 5"},
      {"f 0644 0 0 5 2 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -", "mtime is 2, was 1"},
      {"f 0644 0 0 5 1 bbbbbbbbbbbbbbbbbbbbbbbb /x/a 00ff /x/y -", "content is bbbbbbbbbbbb, was aaaaaaaaaaaa"},
      {"f 0644 0 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa - 00ff /x/y -", "hard links is -, was /x/a"},
      {"f 0644 0 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a - /x/y -", "ACL or extended attributes is -, was 00ff"},
      {"f 0644 0 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y z", "target is z, was -"},
      {"f 0600 7 0 5 1 aaaaaaaaaaaaaaaaaaaaaaaa /x/a 00ff /x/y -", "mode is 0600, was 0644, owner is 7, was 0"},
      {"- - - - - - - - - /x/y -", "is gone, was there"},
  };
  for (const Case& one : cases)
    EXPECT_EQ(texts(differences(4, parsed(part(0, "/x") + before + "\n"), parsed(part(0, "/x") + one.now + "\n"))),
              Texts{std::string("4 /x/y ") + one.what});
}

TEST(Differences, StatesAreToldByTheirValues) {
  const auto list = differences(1, parsed("# 0 service nginx\n= running yes\n= start /bin/a\\040b\n"),
                                parsed("# 0 service nginx\n= running no\n= start /bin/c\\033[2J\n"));
  EXPECT_EQ(texts(list), (Texts{"1 running is no, was yes", "1 start is /bin/c\\x1b[2J, was /bin/a b"}));
}

TEST(Differences, WhatCameAndWhatWent) {
  const auto before = parsed(part(0, "/x") + folder("/x") + file("/x/old"));
  const auto now = parsed(part(0, "/x") + folder("/x") + file("/x/new"));
  EXPECT_EQ(texts(differences(1, before, now)), (Texts{"1 /x/new is there, was not", "1 /x/old is gone, was there"}));
  EXPECT_TRUE(differences(1, before, before).empty());
}

TEST(Differences, APartThatOnlyOneSideHasIsCompared) {
  const auto some = parsed(part(0, "/x") + file("/x"));
  EXPECT_EQ(texts(differences(1, some, Manifest{})), Texts{"1 /x is gone, was there"});
  EXPECT_EQ(texts(differences(1, Manifest{}, some)), Texts{"1 /x is there, was not"});
}

// An absent path has a line for itself and for each missing ancestor; an ancestor that is there has none.
TEST(Differences, AnAncestorThatIsLeftBehindIsSeen) {
  const auto before = parsed(part(0, "/a/b/c") + absent("/a") + absent("/a/b") + absent("/a/b/c"));
  struct Case {
    std::string now;
    Texts expected;
  };
  const Case cases[] = {
      {absent("/a") + absent("/a/b") + absent("/a/b/c"), {}},
      {absent("/a/b") + absent("/a/b/c"), {"1 /a is there, was not"}},
      {absent("/a/b/c"), {"1 /a is there, was not", "1 /a/b is there, was not"}},
      {file("/a/b/c"), {"1 /a is there, was not", "1 /a/b is there, was not", "1 /a/b/c is there, was not"}},
  };
  for (const Case& one : cases) {
    const Manifest now = parsed(part(0, "/a/b/c") + one.now);
    EXPECT_EQ(texts(differences(1, before, now)), one.expected);
    EXPECT_EQ(texts(differences({{1, before, now}})), one.expected);
  }
}

TEST(Differences, AnAncestorThatIsTakenAwayIsSeen) {
  const auto before = parsed(part(0, "/a/b/c") + absent("/a/b") + absent("/a/b/c"));
  const auto now = parsed(part(0, "/a/b/c") + absent("/a") + absent("/a/b") + absent("/a/b/c"));
  EXPECT_EQ(texts(differences(1, before, now)), Texts{"1 /a is gone, was there"});
}

TEST(Differences, TheEarlierStepSaysWhatWasThere) {
  // Step 1 wrote /x over an older one; step 2 changed it again. The way back ends at step 1's `before`.
  const auto first = parsed(part(0, "/x") + file("/x", "0600"));
  const auto second = parsed(part(0, "/x") + file("/x", "0644"));
  const auto now = first;
  EXPECT_TRUE(differences({{1, first, now}, {2, second, now}}).empty());
  EXPECT_EQ(texts(differences({{1, first, second}, {2, second, second}})), Texts{"1 /x mode is 0644, was 0600"});
}

TEST(Differences, AnEarlierTreeCoversWhatLiesInIt) {
  const auto tree = parsed(part(0, "/x") + folder("/x") + file("/x/a"));
  const auto in_it = parsed(part(0, "/x/a") + file("/x/a", "0600"));
  const auto now = parsed(part(0, "/x/a") + file("/x/a"));
  EXPECT_TRUE(differences({{1, tree, tree}, {2, in_it, now}}).empty());
  // A name that only begins alike is not covered.
  const auto beside = parsed(part(0, "/xy") + file("/xy", "0600"));
  const auto changed = parsed(part(0, "/xy") + file("/xy", "0644"));
  EXPECT_EQ(texts(differences({{1, tree, tree}, {2, beside, changed}})), Texts{"2 /xy mode is 0644, was 0600"});
}

TEST(Differences, ALaterTreeIsComparedAroundAnEarlierFile) {
  const auto a = parsed(part(0, "/x/a") + file("/x/a", "0600"));
  const auto tree = parsed(part(0, "/x") + folder("/x", "5") + file("/x/a", "0644") + file("/x/b", "0600"));
  // Putting /x/a back moved the time of /x: not a difference. /x/b is one.
  const auto now = parsed(part(0, "/x") + folder("/x", "9") + file("/x/a", "0600") + file("/x/b", "0644"));
  EXPECT_EQ(texts(differences({{1, a, a}, {2, tree, now}})), Texts{"2 /x/b mode is 0644, was 0600"});
  // Only its time may move.
  const auto chmod =
      parsed(part(0, "/x") + "d 0700 0 0 - 9 - - - /x -\n" + file("/x/a", "0600") + file("/x/b", "0600"));
  EXPECT_EQ(texts(differences({{1, a, a}, {2, tree, chmod}})), Texts{"2 /x mode is 0700, was 0755, mtime is 9, was 5"});
}

TEST(Differences, ATimeThatNothingExplainsCounts) {
  const auto before = parsed(part(0, "/x") + folder("/x", "5"));
  const auto now = parsed(part(0, "/x") + folder("/x", "9"));
  EXPECT_EQ(texts(differences({{1, before, now}})), Texts{"1 /x mtime is 9, was 5"});
}

TEST(Differences, TwoResourcesOfOneStepMayOverlap) {
  const std::string before = part(0, "/x/a") + file("/x/a") + part(1, "/x") + folder("/x", "5") + file("/x/a");
  const std::string now = part(0, "/x/a") + file("/x/a") + part(1, "/x") + folder("/x", "9") + file("/x/a");
  EXPECT_TRUE(differences({{1, parsed(before), parsed(now)}}).empty());
}

TEST(Differences, WhatIsBelowAMissingAncestorBelongsToTheStepThatMissedIt) {
  const auto first = parsed(part(0, "/a/x") + absent("/a") + absent("/a/x"));
  const auto second = parsed(part(0, "/a/y") + absent("/a/y"));
  EXPECT_TRUE(
      differences({{1, first, first}, {2, second, parsed(part(0, "/a/y") + absent("/a") + absent("/a/y"))}}).empty());
  // /a/y was left behind, and with it /a: step 1 names it.
  const auto left = parsed(part(0, "/a/x") + absent("/a/x"));
  EXPECT_EQ(texts(differences({{1, first, left}, {2, second, parsed(part(0, "/a/y") + file("/a/y"))}})),
            Texts{"1 /a is there, was not"});
}

TEST(Differences, ServicesAreCoveredByNameAndNotByPath) {
  const auto first = parsed("# 0 service nginx\n= running yes\n");
  const auto second = parsed("# 0 service nginx\n= running no\n");
  const auto other = parsed("# 0 service redis\n= running no\n");
  const auto other_now = parsed("# 0 service redis\n= running yes\n");
  EXPECT_TRUE(differences({{1, first, first}, {2, second, first}}).empty());
  EXPECT_EQ(texts(differences({{1, first, first}, {2, other, other_now}})), Texts{"2 running is yes, was no"});
}

}  // namespace
}  // namespace belay
