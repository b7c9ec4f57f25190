// Diffs for people, and the final manifests of a host as one text.
#include <gtest/gtest.h>

#include "daemon/engine/finals.hpp"
#include "daemon/engine/text_diff.hpp"
#include "tests/unit/engine/scene.hpp"

namespace belay::engine::testing {
namespace {

TEST(TextDiff, IsUnified) {
  EXPECT_EQ(text_diff("a\nb\nc\n", "a\nB\nc\n", "/etc/x"),
            "--- /etc/x (on the host)\n+++ /etc/x (planned)\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
  EXPECT_EQ(text_diff("", "new\n", "/x"), "--- /x (on the host)\n+++ /x (planned)\n@@ -0,0 +1,1 @@\n+new\n");
  EXPECT_EQ(text_diff("old\n", "", "/x"), "--- /x (on the host)\n+++ /x (planned)\n@@ -1,1 +0,0 @@\n-old\n");
}

TEST(TextDiff, IsEmptyForEqualTextsAndForWhatIsNoText) {
  EXPECT_EQ(text_diff("same\n", "same\n", "/x"), "");
  EXPECT_EQ(text_diff("", "", "/x"), "");
  EXPECT_EQ(text_diff(std::string_view("a\0b", 3), "a", "/x"), "");
  EXPECT_EQ(text_diff("a", "\xff\xfe", "/x"), "");
  EXPECT_EQ(text_diff("\xed\xa0\x80", "a", "/x"), "");
}

TEST(TextDiff, HostileLinesAreEscaped) {
  const std::string diff = text_diff("a\n", "\x1b[2Jb\r\n\xe2\x80\xae\n", "/x");
  EXPECT_NE(diff.find("+\\x1b[2Jb\\r\n"), std::string::npos) << diff;
  EXPECT_NE(diff.find("+\\xe2\\x80\\xae\n"), std::string::npos) << diff;
  EXPECT_EQ(diff.find('\x1b'), std::string::npos);
}

TEST(TextDiff, AMissingLineEndIsADifference) {
  const std::string diff = text_diff("a\nb", "a\nb\n", "/x");
  EXPECT_NE(diff.find("-b\n+b\n"), std::string::npos) << diff;
}

TEST(TextDiff, ManyHunks) {
  std::string before;
  for (int i = 0; i < 100; ++i) before += std::to_string(i) + "\n";
  std::string after = before;
  after.replace(after.find("10\n"), 2, "ten");
  after.replace(after.find("90\n"), 2, "ninety");
  const std::string diff = text_diff(before, after, "/x");
  EXPECT_NE(diff.find("@@ -8,7 +8,7 @@"), std::string::npos) << diff;
  EXPECT_NE(diff.find("@@ -88,7 +88,7 @@"), std::string::npos) << diff;
}

TEST(Finals, AreReadAsTheyWereWritten) {
  Scene scene;
  const std::string digest =
      scene.blobs->put("@ 1\n# 0 path /x\n- - -\n@ 12\n@ 3\n# 0 service a\n= running yes\n")->hex();
  const auto finals = read_finals(*scene.blobs, digest);
  ASSERT_TRUE(finals.has_value()) << finals.error().text();
  EXPECT_EQ(*finals, (FinalManifests{{1, "# 0 path /x\n- - -\n"}, {3, "# 0 service a\n= running yes\n"}, {12, ""}}));
  EXPECT_TRUE(read_finals(*scene.blobs, scene.blobs->put("")->hex())->empty());
}

TEST(Finals, RefuseAnotherForm) {
  Scene scene;
  for (const char* text :
       {"# 0 path /x\n", "@ \n", "@ x\n", "@ 0\n", "@ -1\n", "@ 1 \n", "@ 1", "@ 99999999999\n", "@ 1\n@ 1\n"}) {
    const auto finals = read_finals(*scene.blobs, scene.blobs->put(text)->hex());
    ASSERT_FALSE(finals.has_value()) << text;
    EXPECT_EQ(finals.error().kind, Kind::integrity) << text;
  }
  EXPECT_FALSE(read_finals(*scene.blobs, sha256("nothing").hex()).has_value());
  EXPECT_FALSE(read_finals(*scene.blobs, "../x").has_value());
}

TEST(HostFinals, RoundTripAndRefusal) {
  Scene scene;
  const std::map<std::string, std::string> finals{{"web1", std::string(64, 'a')}, {"web2", ""}};
  const auto digest = write_host_finals(*scene.blobs, finals);
  ASSERT_TRUE(digest.has_value());
  EXPECT_EQ(*read_host_finals(*scene.blobs, *digest), finals);
  for (const char* text : {"", "[]", "7", "{", "{\"web1\": 7}", "{\"web1\": null}"})
    EXPECT_FALSE(read_host_finals(*scene.blobs, scene.blobs->put(text)->hex()).has_value()) << text;
}

}  // namespace
}  // namespace belay::engine::testing
