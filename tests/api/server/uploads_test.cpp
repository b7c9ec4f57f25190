// Packages on their way in: streamed, in flat memory, whole or not at all.
#include <gtest/gtest.h>

#include <fstream>

#include "daemon/api/documents.hpp"
#include "tests/api/server/daemon.hpp"

namespace belay::api::test {
namespace {

std::size_t files_below(const std::filesystem::path& folder) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    files += entry.is_regular_file() ? 1 : 0;
  return files;
}

// Resident memory of this process, in KiB, now and at its highest.
std::size_t memory_kib(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string word; in >> word;) {
    if (word != name + ':') continue;
    std::size_t kib = 0;
    in >> kib;
    return kib;
  }
  return 0;
}

std::string upload_head(std::size_t size, const std::string& fields = {}) {
  return "POST /v1/packages HTTP/1.1\r\nHost: b\r\n" + fields + "Content-Length: " + std::to_string(size) + "\r\n\r\n";
}

TEST(Uploads, Of200MegabytesKeepMemoryFlat) {
  Daemon daemon;
  const std::string block(1u << 20, 'b');
  constexpr std::size_t blocks = 200;
  Hasher hasher;
  for (std::size_t i = 0; i < blocks; ++i) hasher.update(block);
  const std::string digest = hasher.finish().hex();
  {
    std::ofstream("/proc/self/clear_refs") << "5";
  }  // the highest from here on
  const std::size_t before = memory_kib("VmRSS");
  Client client(daemon.socket());
  ASSERT_TRUE(client.send(upload_head(blocks * block.size())));
  for (std::size_t i = 0; i < blocks; ++i) ASSERT_TRUE(client.send(block)) << i;
  const Answer answer = client.answer();
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(Json::parse(answer.body)["digest"], digest);
  EXPECT_EQ(daemon.received.at(0).first, digest);
  EXPECT_LT(memory_kib("VmHWM"), before + (32u << 10)) << "an upload of 200 MiB took more than 32 MiB of memory";
  const auto size = daemon.blobs->size(*Digest::parse(digest));
  EXPECT_EQ(size.value_or(0), blocks * block.size());
}

TEST(Uploads, ThatBreakOffLeaveNothing) {
  Daemon daemon;
  {
    Client client(daemon.socket());
    ASSERT_TRUE(client.send(upload_head(1'000'000) + std::string(600'000, 'x')));
    EXPECT_TRUE(daemon.until([&] { return files_below(daemon.folder() / "state" / "blobs") > 0; }));
  }
  EXPECT_TRUE(daemon.until([&] { return daemon.server->connections() == 0; }));
  EXPECT_EQ(files_below(daemon.folder() / "state" / "blobs"), 0u);
  EXPECT_TRUE(daemon.received.empty());
}

TEST(Uploads, ThatAreRefusedLeaveNothing) {
  Daemon daemon;
  daemon.reject_package = Error{Kind::invalid, "the archive is no package", "Build it with `belay package build`.", {}};
  const Answer answer = ask(daemon, "POST", "/v1/packages", "no archive at all");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(files_below(daemon.folder() / "state" / "blobs"), 0u);
  EXPECT_EQ(ask(daemon, "GET", "/v1/packages/" + daemon.received.at(0).first).status, 404);
}

// Why: the same bytes sent again with a bad signature must not take away what was accepted before.
TEST(Uploads, ThatAreRefusedLaterKeepWhatWasTaken) {
  Daemon daemon;
  ASSERT_EQ(ask(daemon, "POST", "/v1/packages", "archive").status, 201);
  daemon.reject_package = Error{Kind::refused, "the signature does not count", "", {}};
  EXPECT_EQ(ask(daemon, "POST", "/v1/packages", "archive").status, 403);
  EXPECT_TRUE(daemon.blobs->has(sha256("archive")));
}

TEST(Uploads, TakeTheSignatureOnceFromHeaderOrQuery) {
  Daemon daemon;
  ASSERT_EQ(ask(daemon, "POST", "/v1/packages", "one", "Belay-Signature: c2lnbmF0dXJl\r\n").status, 201);
  ASSERT_EQ(ask(daemon, "POST", "/v1/packages?signature=c2lnbmF0dXJl", "two").status, 201);
  ASSERT_EQ(ask(daemon, "POST", "/v1/packages", "three").status, 201);
  EXPECT_EQ(daemon.received.at(0).second, "signature");
  EXPECT_EQ(daemon.received.at(1).second, "signature");
  EXPECT_EQ(daemon.received.at(2).second, "");
  EXPECT_EQ(ask(daemon, "POST", "/v1/packages?signature=c2lnbmF0dXJl", "x", "Belay-Signature: c2lnbmF0dXJl\r\n").status,
            400);
  EXPECT_EQ(ask(daemon, "POST", "/v1/packages", "x", "Belay-Signature: c2lnb*F0dXJl\r\n").status, 400);
  EXPECT_EQ(daemon.received.size(), 3u);
}

TEST(Uploads, MayAskFirst) {
  Daemon daemon;
  Client client(daemon.socket());
  client.send(upload_head(7, "Expect: 100-continue\r\n"));
  ASSERT_NE(client.read([](const std::string& text) { return text.find("100 Continue") != std::string::npos; }), "");
  client.send("archive");
  EXPECT_EQ(client.answer().status, 201);
}

}  // namespace
}  // namespace belay::api::test
