// Pinned host keys: lines that OpenSSH would write, and nothing that could be more than a key in known_hosts.
#include "daemon/model/host_key.hpp"

#include <gtest/gtest.h>

#include <string>

namespace belay {
namespace {

const std::string blob = "AAAAC3NzaC1lZDI1NTE5AAAAIJ2S0jUqaQd5QmYl0rQ3sD6fJk8b2v6o8o9k0m7n5p3q";

TEST(HostKey, LinesAsOpenSshWritesThem) {
  EXPECT_TRUE(check_host_key("ssh-ed25519 " + blob));
  EXPECT_TRUE(check_host_key("cert-authority ssh-ed25519 " + blob));
}

TEST(HostKey, NothingElse) {
  for (const std::string& line : std::vector<std::string>{
           std::string(), std::string("ssh-ed25519"), std::string("ssh-ed25519 "), "ssh-ed25519 " + blob + " comment",
           "ssh-ed25519  " + blob, "ssh-ed25519 " + blob + "\nother ssh-ed25519 " + blob,
           "ssh-ed25519 " + blob.substr(1), "ssh-ed25519 AAAA", "ssh-rsa " + blob, "ssh-dss " + blob,
           "@cert-authority * ssh-ed25519 " + blob, "* ssh-ed25519 " + blob, " ssh-ed25519 " + blob,
           "ssh-ed25519 " + blob + " ", "ssh-ed25519 " + std::string(20000, 'A')}) {
    const auto result = check_host_key(line);
    ASSERT_FALSE(result) << line;
    EXPECT_EQ(result.error().kind, Kind::invalid);
    EXPECT_EQ(result.error().what.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace belay
