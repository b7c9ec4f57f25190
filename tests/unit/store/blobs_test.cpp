// Blobs: named by content, durable, checked when read, nothing left behind.
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <thread>

#include "daemon/store/file_blobs.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace belay::store {
namespace {

using testing::slurp;
using testing::spill;
using testing::TempDir;
using namespace std::string_literals;

std::vector<std::filesystem::path> files(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    if (!entry.is_directory()) found.push_back(entry.path());
  return found;
}

class FileBlobsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = FileBlobs::open(dir_.path() / "blobs");
    ASSERT_TRUE(opened) << opened.error().text();
    blobs_ = std::move(*opened);
  }
  std::filesystem::path at(const Digest& digest) const {
    return dir_.path() / "blobs" / digest.hex().substr(0, 2) / digest.hex();
  }

  TempDir dir_;
  std::unique_ptr<FileBlobs> blobs_;
};

TEST_F(FileBlobsTest, PutAndGet) {
  const std::vector<std::string> contents{"", "a", "zero \0 byte"s, std::string(3 << 20, 'x')};
  for (const std::string& data : contents) {
    const auto digest = blobs_->put(data);
    ASSERT_TRUE(digest) << digest.error().text();
    EXPECT_EQ(*digest, sha256(data));
    EXPECT_TRUE(blobs_->has(*digest));
    EXPECT_EQ(blobs_->size(*digest).value(), data.size());
    EXPECT_EQ(blobs_->get(*digest, 64 << 20).value(), data);
    EXPECT_EQ(slurp(blobs_->path(*digest).value()), data);
    EXPECT_EQ(std::filesystem::status(at(*digest)).permissions(), std::filesystem::perms::owner_read);
    EXPECT_EQ(blobs_->put(data).value(), *digest);
  }
  EXPECT_EQ(files(dir_.path()).size(), contents.size());
}

TEST_F(FileBlobsTest, WritesInPieces) {
  auto writer = blobs_->begin();
  ASSERT_TRUE(writer) << writer.error().text();
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
    all += piece;
    ASSERT_TRUE((*writer)->write(piece));
  }
  const auto digest = (*writer)->finish();
  ASSERT_TRUE(digest) << digest.error().text();
  EXPECT_EQ(*digest, sha256(all));
  writer->reset();
  EXPECT_EQ(blobs_->get(*digest, 64 << 20).value(), all);
}

TEST_F(FileBlobsTest, AnUnfinishedOneLeavesNothing) {
  {
    auto writer = blobs_->begin();
    ASSERT_TRUE((*writer)->write("half"));
    EXPECT_EQ(files(dir_.path()).size(), 1u);
  }
  EXPECT_TRUE(files(dir_.path()).empty());
}

TEST_F(FileBlobsTest, LeftoversOfAnEarlierProcessGo) {
  const auto kept = blobs_->put("kept").value();
  spill(dir_.path() / "blobs" / "tmp" / "half", "half");
  blobs_ = FileBlobs::open(dir_.path() / "blobs").value();
  EXPECT_EQ(files(dir_.path()), std::vector{at(kept)});
}

TEST_F(FileBlobsTest, WhatIsNotThere) {
  const Digest none = sha256("none");
  EXPECT_FALSE(blobs_->has(none));
  EXPECT_EQ(blobs_->size(none).error().kind, Kind::not_found);
  EXPECT_EQ(blobs_->get(none, 1).error().kind, Kind::not_found);
  EXPECT_EQ(blobs_->path(none).error().kind, Kind::not_found);
}

TEST_F(FileBlobsTest, ChangedBytesAreFoundAndHealed) {
  const auto digest = blobs_->put("content").value();
  for (const char* damage : {"Content", "", "content and more"}) {
    ASSERT_TRUE(std::filesystem::remove(at(digest)));
    spill(at(digest), damage);
    EXPECT_EQ(blobs_->get(digest, 1 << 20).error().kind, Kind::integrity);
    EXPECT_EQ(blobs_->put("content").value(), digest);
    EXPECT_EQ(blobs_->get(digest, 1 << 20).value(), "content");
  }
}

TEST_F(FileBlobsTest, TooLargeIsRefusedBeforeItIsRead) {
  const auto digest = blobs_->put("1234567890").value();
  EXPECT_TRUE(blobs_->get(digest, 10));
  const auto refused = blobs_->get(digest, 9);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::integrity);
}

TEST_F(FileBlobsTest, ManyThreadsPutTheSame) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const std::string data = "same " + std::to_string(i);
        const auto digest = blobs_->put(data);
        EXPECT_TRUE(digest && blobs_->get(*digest, 100).value() == data);
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(files(dir_.path()).size(), 20u);
}

// A disk that takes no more: an Error in words, nothing left behind, and the next put works.
TEST_F(FileBlobsTest, AWriteThatFailsIsASentence) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{1 << 16, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto digest = blobs_->put(std::string(1 << 20, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(digest);
  EXPECT_EQ(digest.error().kind, Kind::io);
  EXPECT_NE(digest.error().what.find("cannot write"), std::string::npos) << digest.error().text();
  EXPECT_FALSE(digest.error().next.empty());
  EXPECT_TRUE(files(dir_.path()).empty());
  EXPECT_TRUE(blobs_->put(std::string(1 << 20, 'x')));
}

}  // namespace
}  // namespace belay::store
