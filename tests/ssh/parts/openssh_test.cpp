// What belay-openssh hands to ssh, and what it makes of ssh's words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/transport/openssh/arguments.hpp"
#include "plugins/transport/openssh/explain.hpp"

namespace belay::openssh {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

worker_protocol::Open web1() {
  worker_protocol::Open open;
  open.name = "web1";
  open.address = "fe80::1%eth0";
  open.port = 2222;
  open.user = "deploy";
  open.host_keys = {"ssh-ed25519 AAAA", "cert-authority ssh-ed25519 BBBB"};
  return open;
}

TEST(Arguments, HostStandsBehindTheEndOfOptions) {
  const auto argv = master_arguments(web1(), "/keys/50%", 7, std::chrono::seconds(9));
  ASSERT_GE(argv.size(), 2U);
  EXPECT_EQ(argv[argv.size() - 2], "--");
  EXPECT_EQ(argv.back(), "web1");
  EXPECT_THAT(argv,
              AllOf(Contains("StrictHostKeyChecking=yes"), Contains("BatchMode=yes"), Contains("IdentitiesOnly=yes"),
                    Contains("ConnectTimeout=9"), Contains("HostName=fe80::1%%eth0"), Contains("Port=2222"),
                    Contains("User=deploy"), Contains("/keys/50%%"), Contains("UserKnownHostsFile=./k7")));
}

TEST(Arguments, NoConfigurationOfTheAccountIsRead) {
  auto open = web1();
  EXPECT_THAT(master_arguments(open, "", 1, std::chrono::seconds(9)), Contains("/dev/null"));
  EXPECT_THAT(command_arguments(open, 1, "true"), Contains("/dev/null"));
  open.ssh_config = "/etc/belay/ssh_config";
  open.port = 0;
  open.user = open.address = "";
  open.host_keys.clear();
  const auto argv = master_arguments(open, "", 1, std::chrono::seconds(9));
  EXPECT_THAT(argv, Contains("/etc/belay/ssh_config"));
  // What the inventory leaves open is the configuration's to say.
  EXPECT_THAT(argv, Not(Contains(HasSubstr("Port="))));
  EXPECT_THAT(argv, Not(Contains(HasSubstr("HostName="))));
  EXPECT_THAT(argv, Not(Contains(HasSubstr("UserKnownHostsFile="))));
  EXPECT_THAT(argv, Contains("StrictHostKeyChecking=yes"));
}

TEST(Arguments, CommandIsOneWordAndNeverMakesAConnectionOfItsOwn) {
  const auto argv = command_arguments(web1(), 3, "-o evil; true");
  EXPECT_EQ(argv.back(), "-o evil; true");
  EXPECT_EQ(argv[argv.size() - 3], "--");
  EXPECT_THAT(argv, Contains("ProxyCommand=/bin/false"));
}

TEST(KnownHosts, HoldsThePinnedKeysAndNothingElse) {
  EXPECT_EQ(known_hosts(web1()), "* ssh-ed25519 AAAA\n@cert-authority * ssh-ed25519 BBBB\n");
}

TEST(Explanation, KnowsSshsWords) {
  struct Case {
    const char* said;
    Kind kind;
    const char* what;
  };
  const Case cases[] = {
      {"Host key verification failed.\n", Kind::refused, "SHA256:shown"},
      {"deploy@10.0.0.1: Permission denied (publickey).\n", Kind::refused, "did not accept"},
      {"Unable to negotiate with 10.0.0.1 port 22: no matching MAC found. Their offer: hmac-md5\n", Kind::refused,
       "hmac-md5"},
      {"ssh: connect to host 10.0.0.1 port 22: Connection refused\n", Kind::unreachable, "nothing listens"},
      {"ssh: connect to host 10.0.0.1 port 22: Connection timed out\n", Kind::timeout, "in time"},
      {"ssh: Could not resolve hostname web1: Name or service not known\n", Kind::unreachable, "does not resolve"},
      {"/x: line 1: Bad configuration option: proxyjmp\n/x: terminating, 1 bad configuration options\n", Kind::invalid,
       "ssh_config"},
      {"something\nquite \x1b[31mnew\n", Kind::unreachable, "quite \\x1b[31mnew"},
      {"", Kind::unreachable, "nothing"},
  };
  for (const Case& c : cases) {
    const auto failure = explain(web1(), c.said, "ssh-ed25519 SHA256:shown");
    EXPECT_EQ(failure.kind, c.kind) << c.said;
    EXPECT_THAT(failure.what, AllOf(HasSubstr("web1"), HasSubstr(c.what))) << c.said;
    EXPECT_FALSE(failure.next.empty()) << c.said;
    EXPECT_EQ(failure.what.find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace belay::openssh
