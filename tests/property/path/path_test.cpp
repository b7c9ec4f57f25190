// The resource `path`, tried with random trees and random damage under each shell: after a restore everything is as it
// was, by its own manifest and by an account made without its help; nothing outside changed; what was not damaged kept
// its inode; nothing of Belay's own is left behind.
//
// BELAY_PROPERTY_CASES (per shell, 800) and BELAY_PROPERTY_SEED choose more of it, or the same again.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/property/path/damage.hpp"
#include "tests/property/path/tree.hpp"
#include "tests/support/kit_host/kit_host.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t cases_per_tree = 8;  // branches of one tree, each damaged on its own
constexpr std::size_t rounds_per_tree = 12;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class PathProperty : public ::testing::TestWithParam<Shell> {
 protected:
  void SetUp() override {
    seed_ = number_from("BELAY_PROPERTY_SEED", std::random_device{}());
    host_.without_sync();
    write_file(sentinel_ + "/a", "must stay");
    write_file(sentinel_ + "/conf/b", "must stay as well");
  }

  Precision precision() const {
    const bool gnu = GetParam() != Shell::busybox;
    return {gnu, gnu};
  }

  Maker maker(Dice& dice) { return {dice, ::geteuid() == 0, precision().attributes, true, sentinel_, {}}; }

  void capture(const std::string& path) {
    fs::remove_all(host_.step_dir(1));
    write_file(host_.step_dir(1) / "r/0/path", path);
    fs::create_directories(host_.step_dir(1) / "snap/0");
    const Finished done = host_.script("resource/path/capture.sh", 1);
    ASSERT_EQ(done.status, 0) << done.out << done.err;
  }

  void restore_and_compare(const std::string& path, const Account& before, const Account& damaged,
                           const std::string& story) {
    const Finished done = host_.script("resource/path/restore.sh", 1);
    ASSERT_EQ(done.status, 0) << done.out << done.err << "\n" << story;
    const Account now = account_of(path, precision());
    ASSERT_EQ(differences(before, now), "") << story << done.out << done.err;
    for (const auto& [name, entry] : before) {
      const auto found = damaged.find(name);
      if (found == damaged.end() || found->second.what != entry.what || found->second.inode != entry.inode ||
          found->second.group != entry.group) {
        continue;
      }
      ASSERT_EQ(now.at(name).inode, entry.inode) << "was not damaged but replaced: " << name << "\n" << story;
    }
    const Finished manifest = host_.script("resource/path/manifest.sh", 1);
    ASSERT_EQ(manifest.out, read_file(host_.step_dir(1) / "snap/0/manifest")) << story << manifest.err;
    ASSERT_EQ(differences(outside_, account_of(sentinel_, precision())), "") << "written through a link\n" << story;
    for (const auto& item : fs::directory_iterator(fs::path(path).parent_path())) {
      ASSERT_FALSE(item.path().filename().string().starts_with(".belay-")) << item.path() << "\n" << story;
    }
  }

  KitHost host_{GetParam()};
  std::uint64_t seed_ = 0;
  const std::string sentinel_ = (host_.root() / "outside").string();
  Account outside_;
};

TEST_P(PathProperty, TreesComeBack) {
  outside_ = account_of(sentinel_, precision());
  const std::uint64_t wanted = number_from("BELAY_PROPERTY_CASES", 800);
  std::uint64_t done = 0;
  for (std::uint64_t tree = 0; done < wanted; ++tree) {
    Dice dice(seed_ + tree);
    Maker make = maker(dice);
    const std::string path = (host_.live() / ("tree" + std::to_string(tree))).string();
    ASSERT_EQ(::mkdir(path.c_str(), 0755), 0);
    for (std::size_t i = 0; i < cases_per_tree; ++i) {
      const std::string branch = path + "/" + std::to_string(i) + (dice.one_in(4) ? make.name().substr(0, 200) : "");
      ASSERT_EQ(::mkdir(branch.c_str(), 0755), 0);
      for (std::size_t n = dice.below(6); n > 0; --n) make.entry(branch + "/" + make.name(), 2);
      make.dress(branch);
    }
    make.dress(path);
    const Account before = account_of(path, precision());
    ASSERT_NO_FATAL_FAILURE(capture(path)) << "seed " << seed_ + tree;
    make.readable = false;
    ASSERT_EQ(differences(before, account_of(path, precision())), "") << "a capture changed the tree";
    for (std::size_t round = 0; round < rounds_per_tree && done < wanted; ++round) {
      std::string story =
          "BELAY_PROPERTY_SEED=" + std::to_string(seed_ + tree) + " round " + std::to_string(round) + "\n";
      std::vector<std::string> branches;
      for (const auto& item : fs::directory_iterator(path)) branches.push_back(item.path().string());
      for (const std::string& branch : branches) {
        for (std::size_t n = dice.below(4); n > 0; --n) story += damage(make, branch) + "\n";
      }
      if (dice.one_in(4)) story += damage(make, path) + "\n";
      const Account damaged = account_of(path, precision());
      ASSERT_NO_FATAL_FAILURE(restore_and_compare(path, before, damaged, story));
      done += cases_per_tree;
    }
  }
}

// The path itself is a file, a link, a device, or nothing with missing parents.
TEST_P(PathProperty, SingleEntriesComeBack) {
  outside_ = account_of(sentinel_, precision());
  const std::uint64_t wanted = number_from("BELAY_PROPERTY_CASES", 800) / 16;
  for (std::uint64_t n = 0; n < wanted; ++n) {
    Dice dice(seed_ ^ (0x5151 + n));
    Maker make = maker(dice);
    const std::string top = (host_.live() / ("single" + std::to_string(n))).string();
    ASSERT_EQ(::mkdir(top.c_str(), 0755), 0);
    const bool absent = dice.one_in(3);
    const std::string parents = absent && dice.one_in(2) ? "/" + make.name() + "/" + make.name() : "";
    const std::string path = top + parents + "/" + make.name();
    if (!absent) make.entry(path, 0);
    const Account before = account_of(top, {precision().nanoseconds, precision().attributes});
    std::string story = "BELAY_PROPERTY_SEED=" + std::to_string(seed_) + " case " + std::to_string(n) + "\n";
    ASSERT_NO_FATAL_FAILURE(capture(path)) << story;
    make.readable = false;
    if (!fs::exists(fs::path(path).parent_path())) {
      fs::create_directories(fs::path(path).parent_path());
      story += "made the parents\n";
    }
    if (parents.empty()) {
      for (std::size_t m = 1 + dice.below(3); m > 0; --m) story += damage(make, path) + "\n";
    } else {
      make.entry(path, 2);
    }
    const Finished done = host_.script("resource/path/restore.sh", 1);
    ASSERT_EQ(done.status, 0) << done.out << done.err << story;
    Account now = account_of(top, precision());
    Account was = before;
    // The directory that the path is in is not part of it: its time of change is not kept.
    now.erase(top);
    was.erase(top);
    for (Account* account : {&was, &now}) {
      for (auto& [name, entry] : *account) entry.group.clear();
    }
    // Beside a path, acts of this test may have left things that no restore may touch.
    std::erase_if(now, [&](const auto& item) {
      const bool in_scope = item.first == path || item.first.starts_with(path + "/");
      return !in_scope && !was.contains(item.first) && parents.empty();
    });
    ASSERT_EQ(differences(was, now), "") << story << done.out;
    const Finished manifest = host_.script("resource/path/manifest.sh", 1);
    ASSERT_EQ(manifest.out, read_file(host_.step_dir(1) / "snap/0/manifest")) << story;
    ASSERT_EQ(differences(outside_, account_of(sentinel_, precision())), "") << "written through a link\n" << story;
  }
}

INSTANTIATE_TEST_SUITE_P(Shells, PathProperty, ::testing::ValuesIn(all_shells),
                         [](const auto& info) { return std::string(name_of(info.param)); });

}  // namespace
}  // namespace belay::test
