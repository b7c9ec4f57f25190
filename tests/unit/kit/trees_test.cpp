// What random trees (tests/property/path) found wrong with the resource path, each in its smallest form.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

INSTANTIATE_TEST_SUITE_P(Shells, TreesTest, ::testing::ValuesIn(all_shells), shell_name);

}  // namespace
}  // namespace belay::test
