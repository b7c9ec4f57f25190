// The vault: what was sealed comes back whole, or not at all; its key is made once and kept from others.
#include "daemon/vault/vault.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <random>

#include "daemon/store/file_blobs.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace belay::vault {
namespace {

using store::testing::TempDir;

std::string noise(std::size_t size) {
  std::mt19937_64 random(size);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

class VaultTest : public ::testing::Test {
 protected:
  Result<Digest> seal(std::string_view text, std::size_t step = 1000) {
    BELAY_TRY(auto writer, vault_.begin());
    for (std::size_t at = 0; at < text.size(); at += step) BELAY_TRYV(writer->write(text.substr(at, step)));
    return writer->finish();
  }
  static Result<std::string> read(Vault& vault, const Digest& digest) {
    BELAY_TRY(auto reader, vault.open(digest));
    std::string out;
    while (true) {
      BELAY_TRY(const std::string piece, reader->next());
      if (piece.empty()) return out;
      out += piece;
    }
  }
  // The sealed bytes with one change, as a blob of their own.
  Digest altered(const Digest& digest, const std::function<void(std::string&)>& change) {
    std::string bytes = *blobs_->get(digest, 1u << 30);
    change(bytes);
    return *blobs_->put(bytes);
  }

  TempDir dir_;
  std::unique_ptr<store::FileBlobs> blobs_ = *store::FileBlobs::open(dir_.path() / "blobs");
  Key key_ = *read_or_make_key(dir_.path() / "key");
  SealedVault vault_{*blobs_, key_};
};

TEST_F(VaultTest, GivesBackWhatItTook) {
  for (const std::size_t size : {0UL, 1UL, 65535UL, 65536UL, 65537UL, 131072UL, 300'001UL}) {
    const std::string text = noise(size);
    for (const std::size_t step : {777UL, 65536UL, 1UL << 20}) {
      const auto digest = seal(text, step);
      ASSERT_TRUE(digest) << digest.error().text();
      const auto back = read(vault_, *digest);
      ASSERT_TRUE(back) << back.error().text();
      EXPECT_TRUE(*back == text) << size << " bytes by " << step;
    }
  }
}

TEST_F(VaultTest, HoldsNothingReadable) {
  const std::string secret = "password=correct horse battery staple";
  std::string text;
  for (int i = 0; i < 5000; ++i) text += secret;
  const auto digest = seal(text);
  ASSERT_TRUE(digest);
  EXPECT_EQ(blobs_->get(*digest, 1u << 30)->find("correct horse"), std::string::npos);
  EXPECT_NE(*digest, *seal(text)) << "the same text is sealed differently each time";
}

TEST_F(VaultTest, RefusesEveryChange) {
  const auto digest = seal(noise(200'000));
  ASSERT_TRUE(digest);
  const std::size_t size = *blobs_->size(*digest);
  for (std::size_t at = 0; at < size; at += 1 + size / 97) {
    const auto back = read(vault_, altered(*digest, [&](std::string& bytes) { bytes[at] ^= 0x10; }));
    ASSERT_FALSE(back) << "byte " << at;
    EXPECT_EQ(back.error().kind, Kind::integrity);
  }
  for (std::size_t cut = 0; cut < size; cut += 1 + size / 41)
    EXPECT_FALSE(read(vault_, altered(*digest, [&](std::string& bytes) { bytes.resize(cut); }))) << "cut at " << cut;
  EXPECT_FALSE(read(vault_, altered(*digest, [](std::string& bytes) { bytes += 'x'; })));
  // A whole piece taken out of the middle, and two that changed places.
  constexpr std::size_t head = 15 + 24;
  constexpr std::size_t piece = 65536 + 17;
  EXPECT_FALSE(read(vault_, altered(*digest, [](std::string& bytes) { bytes.erase(head, piece); })));
  EXPECT_FALSE(read(vault_, altered(*digest, [](std::string& bytes) {
                      std::swap_ranges(bytes.begin() + head, bytes.begin() + head + piece,
                                       bytes.begin() + head + piece);
                    })));
}

TEST_F(VaultTest, AnotherKeyOpensNothing) {
  const auto digest = seal("text");
  ASSERT_TRUE(digest);
  SealedVault other(*blobs_, *read_or_make_key(dir_.path() / "other"));
  const auto back = read(other, *digest);
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().what.find("sealed with another key"), std::string::npos);
  EXPECT_NE(back.error().next.find("backup"), std::string::npos);
}

TEST_F(VaultTest, AWriterThatIsGivenUpLeavesNothing) {
  {
    auto writer = vault_.begin();
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->write(noise(100'000)));
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path() / "blobs" / "tmp"));
}

TEST(VaultKey, IsMadeOnceAndKeptFromOthers) {
  const TempDir dir;
  const auto path = dir.path() / "key";
  const auto first = read_or_make_key(path);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, *read_or_make_key(path));
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  EXPECT_NE(read_or_make_key(path).error().next.find("chmod 600"), std::string::npos);
}

TEST(VaultKey, WhatIsNoKeyIsRefused) {
  const TempDir dir;
  const auto path = dir.path() / "key";
  for (const std::string& text : {std::string(), std::string("abc\n"), std::string(64, 'g'), std::string(63, 'a'),
                                  std::string(65, 'a'), std::string(64, 'a') + "\n\n"}) {
    std::ofstream(path) << text;
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    const auto key = read_or_make_key(path);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().kind, Kind::invalid);
  }
  EXPECT_FALSE(read_or_make_key(dir.path() / "none" / "key"));
}

}  // namespace
}  // namespace belay::vault
