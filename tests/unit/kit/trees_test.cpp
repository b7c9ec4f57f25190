// What random trees (tests/property/path) found wrong with the resource path, each in its smallest form.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "tests/unit/kit/steps.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;

class TreesTest : public KitTest {
 protected:
  void SetUp() override { host_.without_sync(); }

  // A step that touches live/app, and what a test does to it in the name of the step.
  void captured() { prepare(1, command({"true"}, live("app"))); }

  static struct stat info_of(const std::string& path) {
    struct stat info{};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info;
  }
  static void fifo(const std::string& path, mode_t mode) {
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0) << path;
    ASSERT_EQ(::chmod(path.c_str(), mode), 0) << path;
  }
};

// One name of a FIFO stands where another FIFO was: that is the same inode, and it cannot have both modes.
TEST_P(TreesTest, AFifoLinkedOverAnotherIsTwoAgain) {
  fs::create_directories(live("app"));
  fifo(live("app/back\\slash"), 0600);
  fifo(live("app/z"), 0700);
  captured();
  const ino_t kept = info_of(live("app/back\\slash")).st_ino;
  fs::remove(live("app/z"));
  fs::create_hard_link(live("app/back\\slash"), live("app/z"));
  roll_back(1);
  EXPECT_EQ(info_of(live("app/back\\slash")).st_mode, S_IFIFO | 0600u);
  EXPECT_EQ(info_of(live("app/z")).st_mode, S_IFIFO | 0700u);
  EXPECT_EQ(info_of(live("app/back\\slash")).st_ino, kept);
}

// The archive keeps the second name of a FIFO as a link to the first, so one cannot be taken out of it alone.
TEST_P(TreesTest, TwoNamesOfAFifoComeBack) {
  fs::create_directories(live("app"));
  fifo(live("app/a"), 0640);
  fs::create_hard_link(live("app/a"), live("app/b"));
  captured();
  fs::remove(live("app/b"));
  roll_back(1);
  EXPECT_EQ(info_of(live("app/a")).st_ino, info_of(live("app/b")).st_ino);
  fs::remove(live("app/a"));
  fs::remove(live("app/b"));
  roll_back(1);
  EXPECT_EQ(info_of(live("app/b")).st_mode, S_IFIFO | 0640u);
}

// The same with symbolic links, whose owner is all that can differ.
TEST_P(TreesTest, ALinkLinkedOverAnotherHasItsOwnerBack) {
  fs::create_directories(live("app"));
  fs::create_symlink("nowhere", live("app/a"));
  fs::create_symlink("nowhere", live("app/b"));
  const bool root = ::geteuid() == 0;
  if (root) ASSERT_EQ(::lchown(live("app/b").c_str(), 1000, 7), 0);
  const uid_t owner = info_of(live("app/b")).st_uid;
  captured();
  fs::remove(live("app/b"));
  ASSERT_EQ(::linkat(AT_FDCWD, live("app/a").c_str(), AT_FDCWD, live("app/b").c_str(), 0), 0);
  roll_back(1);
  EXPECT_EQ(info_of(live("app/b")).st_uid, owner);
  EXPECT_EQ(info_of(live("app/a")).st_uid, ::geteuid());
  EXPECT_EQ(fs::read_symlink(live("app/b")), "nowhere");
}

// A tree of a package goes to its place as one tar stream: every name, every size.
TEST_P(TreesTest, ATreeHasEveryNameAndSize) {
  const std::vector<std::string> names = {"-rf",
                                          "back\\slash",
                                          "with space",
                                          "new\nline",
                                          "\xff\xfe\x80",
                                          std::string(100, 'h'),
                                          std::string(101, 'o'),
                                          std::string(255, 'n'),
                                          "caf\xc3\xa9",
                                          std::string(255, '\xe9'),
                                          "*[a-z]?",
                                          "plain"};
  const std::vector<std::size_t> sizes = {0, 1, 511, 512, 513, 70000};
  std::string list;
  std::map<std::string, std::string> files;
  for (const std::string& dir : {std::string("sub/"), "sub/" + std::string(200, 'd') + "/"}) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string path = dir + names[i];
      std::string content(sizes[i % sizes.size()], '\0');
      if (!content.empty()) content.back() = 'x';
      std::string encoded;
      for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        encoded += byte > 32 && byte < 127 && c != '\\' ? std::string(1, c) : fmt::format("\\{:03o}", byte);
      }
      list += fmt::format("f 0640 {} {} -\n", host_.blob(content), encoded);
      files[path] = content;
    }
  }
  Step step{"tree", {{"from", list}, {"to", live("app")}}, {{"path", {{"path", live("app")}}}}};
  const Reply applied = apply(1, step);
  ASSERT_EQ(applied.get("rc"), "0") << applied.text();
  for (const auto& [path, content] : files) {
    EXPECT_EQ(read_file(live("app/" + path)), content) << path;
    const struct stat info = info_of(live("app/" + path));
    EXPECT_EQ(info.st_mode, S_IFREG | 0640u) << path;
    EXPECT_EQ(info.st_uid, ::geteuid()) << path;
  }
  roll_back(1);
  EXPECT_FALSE(fs::exists(live("app")));
}

// Many entries are put back by one program per directory, and a link that leads to a directory is none of them.
TEST_P(TreesTest, ManyEntriesComeBackWhereLinksAre) {
  fs::create_directories(live("app/dir"));
  for (int i = 0; i < 40; ++i) write_file(live("app/f" + std::to_string(i)), std::to_string(i));
  captured();
  for (int i = 0; i < 40; ++i) {
    fs::remove(live("app/f" + std::to_string(i)));
    if (i % 3 == 0) fs::create_symlink(i % 2 == 0 ? "dir" : "f" + std::to_string(i), live("app/f" + std::to_string(i)));
  }
  roll_back(1);
  for (int i = 0; i < 40; ++i) {
    EXPECT_FALSE(fs::is_symlink(live("app/f" + std::to_string(i)))) << i;
    EXPECT_EQ(read_file(live("app/f" + std::to_string(i))), std::to_string(i));
  }
  EXPECT_TRUE(fs::is_empty(live("app/dir")));
}

INSTANTIATE_TEST_SUITE_P(Shells, TreesTest, ::testing::ValuesIn(all_shells), shell_name);

}  // namespace
}  // namespace belay::test
