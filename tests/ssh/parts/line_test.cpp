// What lies under a session: memory that is counted, and the packet that tells an exit status from none.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>

#include "plugins/transport/ssh/line.hpp"
#include "plugins/transport/ssh/wire.hpp"

namespace belay::ssh {
namespace {

struct Pair {
  Pair() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) throw std::runtime_error("no socket pair");
    ours = worker::Fd(ends[0]);
    theirs = worker::Fd(ends[1]);
  }
  worker::Fd ours, theirs;
};

std::string channel_request(const std::string& name) {
  std::string packet(1, 98);
  put_u32(packet, 0);
  put_string(packet, name);
  packet.push_back('\0');
  put_u32(packet, 0);
  return packet;
}

// Frees a packet as libssh2 does after handling it; whether it was taken for an exit status.
bool freed(const std::string& packet) {
  Pair pair;
  Line line(std::move(pair.ours));
  // Through libssh2's own entry points, as the library would call them.
  LIBSSH2_SESSION* session = line.make_session();
  auto* block = static_cast<char*>(line.allocate(packet.size()));
  std::memcpy(block, packet.data(), packet.size());
  libssh2_free(session, block);
  const bool seen = line.exit_status_seen();
  line.cut();
  libssh2_session_free(session);
  return seen;
}

TEST(Line, KnowsAnExitStatusWhenItPasses) {
  EXPECT_TRUE(freed(channel_request("exit-status")));
  EXPECT_FALSE(freed(channel_request("exit-signal")));
  EXPECT_FALSE(freed(channel_request("keepalive@x")));
  EXPECT_FALSE(freed(channel_request("exit-status").substr(0, 20)));
  EXPECT_FALSE(freed("d" + channel_request("exit-status").substr(1)));
  EXPECT_FALSE(freed(""));
}

TEST(Line, CapsTheMemoryOfASession) {
  Pair pair;
  Line line(std::move(pair.ours));
  LIBSSH2_SESSION* session = line.make_session();
  EXPECT_EQ(line.allocate(std::size_t{4} << 30), nullptr);
  std::vector<void*> blocks;
  for (;;) {
    void* block = line.allocate(1 << 20);
    if (block == nullptr) break;
    blocks.push_back(block);
    ASSERT_LT(blocks.size(), 64U);
  }
  EXPECT_GT(blocks.size(), 8U);
  for (void* block : blocks) libssh2_free(session, block);
  void* again = line.allocate(1 << 20);
  EXPECT_NE(again, nullptr);
  libssh2_free(session, again);
  line.cut();
  libssh2_session_free(session);
}

}  // namespace
}  // namespace belay::ssh
