// The actions file, template, symlink and tree: what they do, what they plan, how they come back.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/digest.hpp"
#include "tests/unit/kit/steps.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;

class FilesTest : public KitTest {
 protected:
  void SetUp() override { host_.without_sync(); }
  Step file(const std::string& content, const std::string& to, Params more = {}) {
    more["from"] = host_.blob(content);
    more["to"] = to;
    return {"file", more, {{"path", {{"path", to}}}}};
  }
  static Step symlink(const std::string& path, const std::string& to) {
    return {"symlink", {{"path", path}, {"to", to}}, {{"path", {{"path", path}}}}};
  }
  Step tree(const std::string& list, const std::string& to, Params more = {}) {
    more["from"] = list;
    more["to"] = to;
    return {"tree", more, {{"path", {{"path", to}}}}};
  }
  std::string file_line(const std::string& mode, const std::string& content, const std::string& path) {
    return fmt::format("f {} {} {} -\n", mode, host_.blob(content), path);
  }
  static unsigned mode_of(const std::string& path) {
    struct stat info{};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0xffff;
  }
};

TEST_P(FilesTest, FileIsPutInPlaceAndComesBack) {
  const std::string to = live("new dir/deep/-name \xff\n");
  const Step step = file("content\n\n", to, {{"mode", "0640"}});
  EXPECT_EQ(plan(step),
            fmt::format("new {} - {}\n", sha256("content\n\n").hex(), live("new\\040dir/deep/-name\\040\\377\\012")));
  const Reply applied = apply(1, step);
  EXPECT_EQ(applied.get("rc"), "0") << applied.text();
  EXPECT_EQ(applied.get("changed"), "yes");
  EXPECT_EQ(read_file(to), "content\n\n");
  EXPECT_EQ(mode_of(to), 0640u);
  EXPECT_EQ(mode_of(live("new dir")), 0755u);
  EXPECT_TRUE(plan(step).starts_with("unchanged "));
  EXPECT_EQ(apply(2, file("content\n\n", to, {{"mode", "0640"}})).get("changed"), "no");
  EXPECT_TRUE(plan(file("content\n\n", to, {{"mode", "0600"}})).starts_with("changed ")) << "another mode";
  EXPECT_TRUE(plan(file("other", to, {{"mode", "0640"}})).starts_with("changed ")) << "other content";
  roll_back(2);
  roll_back(1);
  EXPECT_FALSE(fs::exists(live("new dir")));
}

TEST_P(FilesTest, FileTakesALiteralTextAndNeverFollowsALink) {
  write_file(live("precious"), "stays");
  fs::create_symlink(live("precious"), live("conf"));
  const Step step{"file", {{"content", "literal \\n $x"}, {"to", live("conf")}}, {{"path", {{"path", live("conf")}}}}};
  EXPECT_TRUE(plan(step).starts_with("changed "));
  EXPECT_EQ(apply(1, step).get("rc"), "0");
  EXPECT_EQ(read_file(live("conf")), "literal \\n $x");
  EXPECT_EQ(read_file(live("precious")), "stays");
  roll_back(1);
  EXPECT_EQ(fs::read_symlink(live("conf")), live("precious"));
  fs::create_directory(live("dir"));
  const Reply refused = apply(2, file("x", live("dir")));
  EXPECT_EQ(refused.get("rc"), "1");
  EXPECT_NE(refused.get("out").find("is a directory"), std::string::npos) << refused.text();
}

TEST_P(FilesTest, FileSetsTheOwnerItIsTold) {
  // An ordinary user can give a file to itself only; root to anybody.
  const std::string owner = ::geteuid() == 0 ? "4711" : std::to_string(::geteuid());
  const std::string group = ::geteuid() == 0 ? "4712" : std::to_string(::getegid());
  const Params more = {{"owner", owner}, {"group", group}, {"mode", "4750"}};
  const Reply applied = apply(1, file("x", live("owned"), more));
  EXPECT_EQ(applied.get("rc"), "0") << applied.text();
  struct stat info{};
  ASSERT_EQ(::stat(live("owned").c_str(), &info), 0);
  EXPECT_EQ(std::to_string(info.st_uid), owner);
  EXPECT_EQ(std::to_string(info.st_gid), group);
  EXPECT_EQ(info.st_mode & 07777, 04750u);
  EXPECT_TRUE(plan(file("x", live("owned"), more)).starts_with("unchanged "));
  EXPECT_EQ(apply(2, file("y", live("owned"), {{"mode", "0600"}})).get("rc"), "0");
  ASSERT_EQ(::stat(live("owned").c_str(), &info), 0);
  EXPECT_EQ(std::to_string(info.st_uid), owner) << "kept when none is told";
}

TEST_P(FilesTest, TemplateIsAFileOnTheHost) {
  Step step = file("made by the daemon", live("t"));
  step.action = "template";
  EXPECT_TRUE(plan(step).starts_with("new "));
  EXPECT_EQ(apply(1, step).get("rc"), "0");
  EXPECT_EQ(read_file(live("t")), "made by the daemon");
  roll_back(1);
}

TEST_P(FilesTest, SymlinkIsSwitched) {
  fs::create_directories(live("releases/1"));
  fs::create_directories(live("releases/2"));
  EXPECT_TRUE(plan(symlink(live("current"), "releases/1")).starts_with("new "));
  EXPECT_EQ(apply(1, symlink(live("current"), "releases/1")).get("changed"), "yes");
  EXPECT_EQ(apply(2, symlink(live("current"), "releases/2")).get("changed"), "yes");
  EXPECT_EQ(fs::read_symlink(live("current")), "releases/2");
  EXPECT_TRUE(plan(symlink(live("current"), "releases/2")).starts_with("unchanged "));
  EXPECT_EQ(apply(3, symlink(live("current"), "-odd \n")).get("changed"), "yes");
  EXPECT_EQ(fs::read_symlink(live("current")), "-odd \n");
  EXPECT_TRUE(fs::is_empty(live("releases/2"))) << "moved into the directory that the link leads to";
  roll_back(3);
  roll_back(2);
  EXPECT_EQ(fs::read_symlink(live("current")), "releases/1");
  roll_back(1);
  EXPECT_FALSE(fs::is_symlink(live("current")));
  EXPECT_EQ(apply(4, symlink(live("releases"), "x")).get("rc"), "1");
}

TEST_P(FilesTest, TreeIsBuiltThenBroughtUpToDate) {
  const std::string first = "d 0755 - sub -\n" + file_line("0644", "one", "a") +
                            file_line("0755", "two", "sub/b\\040c") + "l 0777 - sub/link ../a\n" +
                            file_line("0600", "three", "sub/deep/d");
  const std::string to = live("app");
  Step step = tree(first, to);
  EXPECT_NE(plan(step).find("new " + sha256("two").hex() + " - " + to + "/sub/b\\040c"), std::string::npos)
      << plan(step);
  Reply applied = apply(1, step);
  ASSERT_EQ(applied.get("rc"), "0") << applied.text();
  EXPECT_EQ(read_file(to + "/sub/b c"), "two");
  EXPECT_EQ(mode_of(to + "/sub/b c"), 0755u);
  EXPECT_EQ(read_file(to + "/sub/link/"), "");
  EXPECT_EQ(fs::read_symlink(to + "/sub/link"), "../a");
  EXPECT_EQ(read_file(to + "/sub/deep/d"), "three");
  EXPECT_EQ(mode_of(to), 0755u);
  EXPECT_EQ(plan(step).find("new "), std::string::npos) << plan(step);
  (void)file_line("0644", "one", "a");
  applied = apply(2, step);
  EXPECT_EQ(applied.get("changed"), "no") << applied.text();

  struct stat before{};
  ASSERT_EQ(::stat((to + "/a").c_str(), &before), 0);
  write_file(to + "/extra/local", "kept without purge");
  const std::string second = "d 0700 - sub -\n" + file_line("0644", "one", "a") +
                             file_line("0644", "TWO", "sub/b\\040c") + file_line("0644", "was a link", "sub/link") +
                             file_line("0644", "was a dir", "sub/deep");
  const std::string items = plan(tree(second, to));
  EXPECT_NE(items.find("unchanged " + sha256("one").hex() + " " + sha256("one").hex() + " " + to + "/a\n"),
            std::string::npos)
      << items;
  EXPECT_NE(items.find("changed " + sha256("TWO").hex() + " " + sha256("two").hex()), std::string::npos) << items;
  EXPECT_EQ(items.find("extra"), std::string::npos) << items;
  applied = apply(3, tree(second, to));
  ASSERT_EQ(applied.get("rc"), "0") << applied.text();
  EXPECT_EQ(read_file(to + "/sub/b c"), "TWO");
  EXPECT_EQ(read_file(to + "/sub/link"), "was a link");
  EXPECT_EQ(read_file(to + "/sub/deep"), "was a dir");
  EXPECT_EQ(mode_of(to + "/sub"), 0700u);
  EXPECT_EQ(read_file(to + "/extra/local"), "kept without purge");
  struct stat after{};
  ASSERT_EQ(::stat((to + "/a").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino) << "an equal file was replaced";

  const Step purge = tree(second, to, {{"purge", "true"}});
  EXPECT_NE(plan(purge).find("removed - " + sha256("kept without purge").hex() + " " + to + "/extra/local"),
            std::string::npos)
      << plan(purge);
  EXPECT_EQ(apply(4, purge).get("rc"), "0");
  EXPECT_FALSE(fs::exists(to + "/extra"));
  for (const int n : {4, 3, 2, 1}) roll_back(n);
  EXPECT_FALSE(fs::exists(to));
  for (const auto& left : fs::directory_iterator(host_.live())) ADD_FAILURE() << "left behind: " << left.path();
}

TEST_P(FilesTest, TreeNeverWritesThroughALink) {
  write_file(live("outside/b"), "precious");
  fs::create_directories(live("app"));
  fs::create_symlink(live("outside"), live("app/sub"));
  const Reply applied = apply(1, tree("d 0755 - sub -\n" + file_line("0644", "new", "sub/b"), live("app")));
  ASSERT_EQ(applied.get("rc"), "0") << applied.text();
  EXPECT_EQ(read_file(live("outside/b")), "precious");
  EXPECT_EQ(read_file(live("app/sub/b")), "new");
  roll_back(1);
  EXPECT_EQ(fs::read_symlink(live("app/sub")), live("outside"));
}

// The path resource's own odd corners, which random trees do not reach.
TEST_P(FilesTest, AWayThatLeadsElsewhereIsNotFollowed) {
  write_file(live("app/conf"), "old");
  write_file(live("trap/conf"), "precious");
  ASSERT_EQ(
      apply(1, command({"sh", "-c", "mv \"$1\" \"$1.away\" && ln -s \"$2\" \"$1\"", "sh", live("app"), live("trap")},
                       live("app/conf")))
          .get("rc"),
      "0");
  const Reply refused = host_.do_step("restore", 1, "1");
  EXPECT_EQ(refused.get("rc"), "1") << refused.text();
  EXPECT_EQ(read_file(live("trap/conf")), "precious");
  fs::remove(live("app"));
  roll_back(1);
  EXPECT_EQ(read_file(live("app/conf")), "old") << "a parent that went away comes back";
}

TEST_P(FilesTest, ANameOutsideTheTreeSharesTheFileAsBefore) {
  write_file(live("app/a"), "old");
  fs::create_hard_link(live("app/a"), live("twin"));
  ASSERT_EQ(apply(1, command({"sh", "-c", "echo damaged >>\"$1\"", "sh", live("app/a")}, live("app"))).get("rc"), "0");
  roll_back(1);
  EXPECT_EQ(read_file(live("twin")), "old");
  EXPECT_EQ(fs::hard_link_count(live("twin")), 2u);
}

TEST_P(FilesTest, ASocketIsNotTakenForAChange) {
  fs::create_directories(live("run"));
  ASSERT_EQ(::mknod(live("run/sock").c_str(), S_IFSOCK | 0600, 0), 0);
  prepare(1, command({"true"}, live("run")));
  // A service that starts again makes its socket again.
  fs::remove(live("run/sock"));
  ASSERT_EQ(::mknod(live("run/sock").c_str(), S_IFSOCK | 0600, 0), 0);
  const struct timespec times[2] = {{1, 0}, {1, 0}};
  ::utimensat(0, live("run/sock").c_str(), times, 0);
  roll_back(1);
}

INSTANTIATE_TEST_SUITE_P(Shells, FilesTest, ::testing::ValuesIn(all_shells), shell_name);

}  // namespace
}  // namespace belay::test
