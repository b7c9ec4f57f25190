// Building: the same input gives the same bytes whatever surrounds it, and what was built can be read by others too.
#include "daemon/package/build.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <clocale>
#include <set>

#include "daemon/package/example.hpp"
#include "daemon/package/package.hpp"
#include "tests/unit/package/crafted.hpp"

namespace belay::package {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::slurp;
using testing::TempDir;
using testing::write;

const std::string long_name = "files/" + std::string(120, 'n') + "/" + std::string(90, 'm');

// The same release, made in another order; times, umask and owner's bits differ.
void make_release(const fs::path& dir, bool backwards, mode_t mask) {
  const mode_t before = ::umask(mask);
  std::vector<std::pair<std::string, std::string>> files = {
      {"release.yaml", "application: demo\nversion: 1.0\nmodes: {files/secret: \"0600\"}\n"},
      {"playbook.yaml", std::string(testing::plain_playbook)},
      {"files/a", "a"},
      {"files/a-b", "ab"},
      {"files/a.d/z", "z"},
      {"files/\xC3\xA9t\xC3\xA9", "unicode"},
      {"files/secret", "s"},
      {"files/run", "#!/bin/sh\n"},
      {long_name, std::string(1'000'000, 'L')},
  };
  if (backwards) std::reverse(files.begin(), files.end());
  for (const auto& [name, text] : files) write(dir / name, text);
  fs::create_directories(dir / "files/empty");
  fs::create_symlink("a.d/z", dir / "files/link");
  ::chmod((dir / "files/run").c_str(), backwards ? 0700 : 0775);
  ::umask(before);
  if (backwards) fs::last_write_time(dir / "files/a", fs::file_time_type::clock::now() - std::chrono::hours(99999));
}

TEST(Build, GivesTheSameBytesOnAnotherDayInAnotherDirectoryUnderAnotherUmask) {
  TempDir one;
  TempDir two;
  make_release(one.path / "r", false, 022);
  make_release(two.path / "some" / "where", true, 0077);
  auto first = build(one.path / "r", one.path / "a.belay");
  auto second = build(two.path / "some" / "where", two.path / "b.belay");
  ASSERT_TRUE(first.has_value()) << first.error().text();
  ASSERT_TRUE(second.has_value()) << second.error().text();
  EXPECT_EQ(first->hex(), second->hex());
  EXPECT_EQ(slurp(one.path / "a.belay"), slurp(two.path / "b.belay"));
  EXPECT_EQ(*first, sha256_file(one.path / "a.belay").value());
}

TEST(Build, IsReadBackAsItWas) {
  TempDir dir;
  make_release(dir.path / "r", false, 022);
  auto digest = build(dir.path / "r", dir.path / "a.belay");
  ASSERT_TRUE(digest.has_value()) << digest.error().text();
  auto package = Package::open(dir.path / "a.belay");
  ASSERT_TRUE(package.has_value()) << package.error().text();
  EXPECT_EQ(package->digest(), *digest);
  EXPECT_EQ(package->release().version, "1.0");
  EXPECT_EQ(package->playbook().steps.size(), 1U);
  EXPECT_EQ(package->find("files/run")->mode, 0755U);
  EXPECT_EQ(package->find("files/a")->mode, 0644U);
  EXPECT_EQ(package->find("files/secret")->mode, 0600U);
  EXPECT_EQ(package->find("files/empty")->type, MemberType::directory);
  EXPECT_EQ(package->find("files/link")->target, "a.d/z");
  EXPECT_EQ(package->find(long_name)->size, 1'000'000U);
  EXPECT_EQ(package->find("files/none"), nullptr);
  auto texts = package->read({"files/a", "files/a-b", long_name, "files/link", "files/none"}, 100);
  ASSERT_TRUE(texts.has_value());
  EXPECT_EQ(*texts, (std::map<std::string, std::string>{{"files/a", "a"}, {"files/a-b", "ab"}}));
}

// The stock reader of tar archives agrees about every member: the format is a plain one.
TEST(Build, IsReadByLibarchiveTheSameWay) {
  TempDir dir;
  make_release(dir.path / "r", false, 022);
  ASSERT_TRUE(build(dir.path / "r", dir.path / "a.belay").has_value());
  auto package = Package::open(dir.path / "a.belay");
  ASSERT_TRUE(package.has_value());
  // libarchive turns names into the locale's characters.
  const std::string locale = std::setlocale(LC_CTYPE, nullptr);
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  archive* reader = archive_read_new();
  archive_read_support_filter_zstd(reader);
  archive_read_support_format_tar(reader);
  ASSERT_EQ(archive_read_open_filename(reader, (dir.path / "a.belay").c_str(), 65536), ARCHIVE_OK);
  archive_entry* entry = nullptr;
  ASSERT_EQ(archive_read_next_header(reader, &entry), ARCHIVE_OK);
  EXPECT_STREQ(archive_entry_pathname(entry), "MANIFEST.json");
  for (const Member& member : package->members()) {
    ASSERT_EQ(archive_read_next_header(reader, &entry), ARCHIVE_OK) << member.path;
    std::string name =
        archive_entry_pathname_utf8(entry) ? archive_entry_pathname_utf8(entry) : archive_entry_pathname(entry);
    if (name.ends_with('/')) name.pop_back();
    EXPECT_EQ(name, member.path);
    EXPECT_EQ(archive_entry_perm(entry), member.mode) << name;
    EXPECT_EQ(archive_entry_mtime(entry), 0);
    EXPECT_EQ(archive_entry_uid(entry), 0);
    if (member.type == MemberType::symlink) {
      EXPECT_EQ(archive_entry_symlink(entry), member.target);
    }
    if (member.type == MemberType::file) {
      std::string text(member.size, '\0');
      EXPECT_EQ(archive_read_data(reader, text.data(), text.size()), static_cast<la_ssize_t>(member.size));
      EXPECT_EQ(sha256(text), member.digest);
    }
  }
  EXPECT_EQ(archive_read_next_header(reader, &entry), ARCHIVE_EOF);
  archive_read_free(reader);
  std::setlocale(LC_CTYPE, locale.c_str());
}

class Blobs : public BlobSink {
 public:
  std::map<std::string, std::string> blobs;  // digest → contents
  int begun = 0;
  std::set<std::string> present;

  Result<bool> begin(const Digest& digest, std::uint64_t size) override {
    ++begun;
    current.clear();
    expected = size;
    return !present.contains(digest.hex());
  }
  Result<void> write(std::string_view data) override {
    current += data;
    return {};
  }
  Result<void> end(const Digest& digest) override {
    EXPECT_EQ(current.size(), expected);
    EXPECT_EQ(sha256(current), digest);
    blobs[digest.hex()] = current;
    return {};
  }

 private:
  std::string current;
  std::uint64_t expected = 0;
};

TEST(Extract, MakesBlobsByDigestOnceEach) {
  TempDir dir;
  write(dir.path / "r/release.yaml", testing::plain_release);
  write(dir.path / "r/playbook.yaml", testing::plain_playbook);
  write(dir.path / "r/files/a", "same");
  write(dir.path / "r/files/b", "same");
  write(dir.path / "r/files/empty", "");
  write(dir.path / "r/files/here", "already");
  ASSERT_TRUE(build(dir.path / "r", dir.path / "a.belay").has_value());
  auto package = Package::open(dir.path / "a.belay");
  ASSERT_TRUE(package.has_value());
  Blobs sink;
  sink.present.insert(sha256("already").hex());
  auto done = package->extract(sink);
  ASSERT_TRUE(done.has_value()) << done.error().text();
  EXPECT_EQ(sink.begun, 5);
  EXPECT_EQ(sink.blobs.size(), 4U);
  EXPECT_EQ(sink.blobs[sha256("same").hex()], "same");
  EXPECT_EQ(sink.blobs[sha256("").hex()], "");
  EXPECT_FALSE(sink.blobs.contains(sha256("already").hex()));
}

TEST(Extract, NoticesAFileThatWasChangedAfterItWasOpened) {
  TempDir dir;
  write(dir.path / "r/release.yaml", testing::plain_release);
  write(dir.path / "r/playbook.yaml", testing::plain_playbook);
  write(dir.path / "r/files/a", "good");
  ASSERT_TRUE(build(dir.path / "r", dir.path / "a.belay").has_value());
  write(dir.path / "r/files/a", "evil");
  ASSERT_TRUE(build(dir.path / "r", dir.path / "b.belay").has_value());
  auto package = Package::open(dir.path / "a.belay");
  ASSERT_TRUE(package.has_value());
  write(dir.path / "a.belay", slurp(dir.path / "b.belay"));  // in place: the same inode
  Blobs sink;
  auto done = package->extract(sink);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, Kind::integrity);
}

struct BadInput {
  const char* name;
  std::function<void(const fs::path&)> make;
  const char* what;
};

TEST(Build, RefusesWhatCannotBeReadBackAndLeavesNothing) {
  const std::vector<BadInput> cases = {
      {"no release", [](const fs::path& dir) { fs::remove(dir / "release.yaml"); }, "release.yaml"},
      {"no playbook", [](const fs::path& dir) { fs::remove(dir / "playbook.yaml"); }, "playbook.yaml"},
      {"fifo", [](const fs::path& dir) { ::mkfifo((dir / "files/p").c_str(), 0600); }, "a device, a socket or a fifo"},
      {"absolute link", [](const fs::path& dir) { fs::create_symlink("/etc/passwd", dir / "files/l"); },
       "target is absolute"},
      {"link out", [](const fs::path& dir) { fs::create_symlink("../../x", dir / "files/l"); }, "leaves files/"},
      {"newline", [](const fs::path& dir) { write(dir / "files/a\nb", "x"); }, "control character"},
      {"bad utf8", [](const fs::path& dir) { write(dir / "files/a\xFF", "x"); }, "not valid UTF-8"},
      {"twins",
       [](const fs::path& dir) {
         write(dir / "files/A", "x");
         write(dir / "files/a", "x");
       },
       "differ only in case"},
      {"mode of nothing",
       [](const fs::path& dir) {
         write(dir / "release.yaml", "application: demo\nversion: x\nmodes: {files/none: \"0600\"}\n");
       },
       "no file or directory"},
      {"release is a link",
       [](const fs::path& dir) {
         fs::remove(dir / "release.yaml");
         fs::create_symlink("/etc/passwd", dir / "release.yaml");
       },
       "release.yaml"},
      {"files is a link",
       [](const fs::path& dir) {
         fs::remove_all(dir / "files");
         fs::create_symlink("/etc", dir / "files");
       },
       "cannot open files"},
      {"release with a mistake",
       [](const fs::path& dir) { write(dir / "release.yaml", "application: demo\nversion: x\nunit: []\n"); },
       "\"unit\" is not known"},
  };
  for (const auto& c : cases) {
    TempDir dir;
    write(dir.path / "r/release.yaml", testing::plain_release);
    write(dir.path / "r/playbook.yaml", testing::plain_playbook);
    write(dir.path / "r/files/x", "x");
    c.make(dir.path / "r");
    const auto before = dir.listing();
    auto got = build(dir.path / "r", dir.path / "a.belay");
    ASSERT_FALSE(got.has_value()) << c.name;
    EXPECT_THAT(got.error().what, HasSubstr(c.what)) << c.name;
    EXPECT_EQ(dir.listing(), before) << c.name;
  }
}

TEST(Build, SaysWhereAMistakeIs) {
  TempDir dir;
  write(dir.path / "release.yaml", "application: demo\nversion: x\nunit: []\n");
  write(dir.path / "playbook.yaml", testing::plain_playbook);
  auto got = build(dir.path, dir.path / "a.belay");
  ASSERT_FALSE(got.has_value());
  EXPECT_THAT(got.error().text(), HasSubstr("release.yaml:3:1: the key \"unit\" is not known"));
  EXPECT_THAT(got.error().next, HasSubstr("units"));
}

TEST(Build, KeepsTheOldPackageWhenItFails) {
  TempDir dir;
  write(dir.path / "r/release.yaml", "nonsense: 1\n");
  write(dir.path / "r/playbook.yaml", testing::plain_playbook);
  write(dir.path / "a.belay", "old");
  ASSERT_FALSE(build(dir.path / "r", dir.path / "a.belay").has_value());
  EXPECT_EQ(slurp(dir.path / "a.belay"), "old");
  EXPECT_FALSE(build(dir.path / "r", dir.path / "none" / "a.belay").has_value());
}

// A payload of a gigabyte of zeros (sparse, so it costs no disk) is built and read with flat memory.
TEST(Build, StreamsLargePayloads) {
  TempDir dir;
  write(dir.path / "r/release.yaml", testing::plain_release);
  write(dir.path / "r/playbook.yaml", testing::plain_playbook);
  write(dir.path / "r/files/large", "");
  fs::resize_file(dir.path / "r/files/large", 1ULL << 30);
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  auto digest = build(dir.path / "r", dir.path / "a.belay");
  ASSERT_TRUE(digest.has_value()) << digest.error().text();
  auto package = Package::open(dir.path / "a.belay");
  ASSERT_TRUE(package.has_value()) << package.error().text();
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 * 1024);  // KiB
}

TEST(WriteExample, MakesAPackageThatBuilds) {
  TempDir dir;
  auto written = write_example(dir.path / "new");
  ASSERT_TRUE(written.has_value()) << written.error().text();
  EXPECT_THAT(*written, ElementsAre("files/bin/check", "files/hello.conf", "files/site/index.html", "playbook.yaml",
                                    "release.yaml"));
  EXPECT_EQ(slurp(dir.path / "new/release.yaml"), slurp(fs::path(BELAY_SOURCE_DIR) / "playbooks/example/release.yaml"));
  EXPECT_EQ(::access((dir.path / "new/files/bin/check").c_str(), X_OK), 0);
  EXPECT_TRUE(build(dir.path / "new", dir.path / "a.belay").has_value());
  auto again = write_example(dir.path / "new");
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind, Kind::conflict);
}

}  // namespace
}  // namespace belay::package
