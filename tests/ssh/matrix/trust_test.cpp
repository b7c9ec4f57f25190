// Whom we trust and who trusts us: pinned keys, changed keys, strange keys, and algorithms that do not meet.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/ssh/matrix/bench.hpp"

namespace belay::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Trust : public ::testing::TestWithParam<std::string>, protected Bench {
 protected:
  // The reason for which a login failed; it must fail.
  Error refused(const port::HostAddress& host, const std::filesystem::path& key) {
    auto opened = open(host, key);
    if (opened) {
      ADD_FAILURE() << "the login went through";
      return {};
    }
    EXPECT_FALSE(opened.error().next.empty()) << opened.error().what;
    return opened.error();
  }
};

TEST_P(Trust, WrongHostKeyShowsBothFingerprints) {
  Sshd sshd({.host_keys = {"ed25519"}});
  const Sshd other({.host_keys = {"ed25519"}});
  auto host = address(sshd, GetParam());
  host.host_keys = other.host_keys();
  const auto error = refused(host, sshd.key());
  EXPECT_EQ(error.kind, Kind::refused);
  EXPECT_THAT(error.what, AllOf(HasSubstr("web1"), HasSubstr(sshd.fingerprint(0)), HasSubstr(other.fingerprint(0))));
}

TEST_P(Trust, ChangedHostKeyStopsTheNextLogin) {
  Sshd sshd({.host_keys = {"ecdsa"}});
  const auto host = address(sshd, GetParam());
  const auto before = sshd.fingerprint(0);
  EXPECT_TRUE(exec(login(host, sshd.key()), "true").ok());
  sshd.restart(true);
  const auto error = refused(host, sshd.key());
  EXPECT_EQ(error.kind, Kind::refused);
  EXPECT_THAT(error.what, AllOf(HasSubstr(before), HasSubstr(sshd.fingerprint(0))));
}

TEST_P(Trust, AnyOneOfThePinnedKeysWillDo) {
  Sshd sshd;
  for (const auto& key : sshd.host_keys()) {
    auto host = address(sshd, GetParam());
    host.host_keys = {key};
    EXPECT_TRUE(exec(login(host, sshd.key()), "true").ok()) << key;
  }
}

TEST_P(Trust, NothingIsTakenOnTrust) {
  Sshd sshd;
  auto host = address(sshd, GetParam());
  host.host_keys.clear();
  const auto error = refused(host, sshd.key());
  EXPECT_EQ(error.kind, Kind::refused);
  EXPECT_THAT(error.what, HasSubstr("no pinned host key"));
}

TEST_P(Trust, UnknownIdentityIsSaidInWords) {
  Sshd sshd;
  const auto error = refused(address(sshd, GetParam()), sshd.stranger());
  EXPECT_EQ(error.kind, Kind::refused);
  EXPECT_THAT(error.what, AllOf(HasSubstr("web1"), HasSubstr("did not accept"), HasSubstr(sshd.user())));
  EXPECT_THAT(error.next, HasSubstr("authorized_keys"));
}

TEST_P(Trust, EveryKindOfIdentityLogsIn) {
  Sshd sshd;
  const auto host = address(sshd, GetParam());
  for (const char* bits : {"256", "384", "521"}) {
    for (const char* format : {"RFC4716", "PEM", "PKCS8"}) {
      const auto key = sshd.directory() / fmt::format("ecdsa{}{}", bits, format);
      run({"/usr/bin/ssh-keygen", "-q", "-t", "ecdsa", "-b", bits, "-m", format, "-N", "", "-f", key});
      std::ofstream(sshd.directory() / "authorized_keys", std::ios::app)
          << std::ifstream(key.string() + ".pub").rdbuf();
      EXPECT_EQ(exec(login(host, key), "echo in").out, "in\n") << bits << ' ' << format;
    }
  }
}

TEST_P(Trust, MissingKeyFileIsSaidInWords) {
  Sshd sshd;
  const auto error = refused(address(sshd, GetParam()), "/nonexistent/key");
  EXPECT_NE(error.kind, Kind::internal);
}

TEST_P(Trust, KeyThatOthersCanReadIsRefused) {
  Sshd sshd;
  std::filesystem::permissions(sshd.key(), std::filesystem::perms(0644));
  EXPECT_EQ(refused(address(sshd, GetParam()), sshd.key()).kind, Kind::refused);
}

TEST_P(Trust, HostileNamesNeverBecomeOptions) {
  Sshd sshd;
  const auto marker = sshd.directory() / "owned";
  for (const auto& evil : {std::string("-oProxyCommand=touch ") + marker.string(), std::string("web1;touch owned")}) {
    for (const int field : {0, 1, 2}) {
      auto host = address(sshd, GetParam());
      (field == 0 ? host.name : field == 1 ? host.address : host.user) = evil;
      const auto opened = open(host, sshd.key());
      ASSERT_FALSE(opened.has_value());
      EXPECT_FALSE(std::filesystem::exists(marker));
    }
  }
}

TEST_P(Trust, NothingListensThere) {
  Sshd sshd;
  const auto error = refused(address(sshd, GetParam(), free_port()), sshd.key());
  EXPECT_EQ(error.kind, Kind::unreachable);
  EXPECT_THAT(error.what, HasSubstr("refused the connection"));
}

INSTANTIATE_TEST_SUITE_P(All, Trust, ::testing::Values("ssh", "openssh"),
                         [](const auto& tested) { return tested.param; });

struct Narrow {
  const char* name;
  std::vector<std::string> host_keys;
  std::vector<std::string> config;
  bool certificates;
  const char* missing;  // what the sentence has to name
  const char* change;   // what it has to tell to change
};

class Algorithms : public ::testing::TestWithParam<Narrow>, protected Bench {};

TEST_P(Algorithms, Libssh2RefusesInWordsAndOpensshLogsIn) {
  const Narrow& narrow = GetParam();
  Sshd sshd({.host_keys = narrow.host_keys, .config = narrow.config, .host_certificates = narrow.certificates});
  auto host = address(sshd, "ssh");
  const auto opened = open(host, sshd.key());
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, Kind::refused);
  EXPECT_THAT(opened.error().what, AllOf(HasSubstr("web1"), HasSubstr(narrow.missing), HasSubstr("libssh2 1.10")));
  EXPECT_THAT(opened.error().next, AllOf(HasSubstr(narrow.change), HasSubstr("transport: openssh")));

  host.transport = "openssh";
  if (narrow.certificates) host.host_keys = {sshd.host_ca()};
  const auto result = exec(login(host, sshd.key()), "echo in");
  EXPECT_EQ(result.out, "in\n") << result.reason;
}

INSTANTIATE_TEST_SUITE_P(Table, Algorithms,
                         ::testing::Values(Narrow{"etm_only",
                                                  {"ed25519"},
                                                  {"MACs hmac-sha2-256-etm@openssh.com,umac-128-etm@openssh.com",
                                                   "Ciphers aes256-ctr"},
                                                  false,
                                                  "MACs hmac-sha2-256-etm@openssh.com, umac-128-etm@openssh.com",
                                                  "hmac-sha2-256"},
                                           Narrow{"gcm_only",
                                                  {"ed25519"},
                                                  {"Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com"},
                                                  false,
                                                  "ciphers aes256-gcm@openssh.com",
                                                  "aes256-ctr"},
                                           Narrow{"chacha_only",
                                                  {"ed25519"},
                                                  {"Ciphers chacha20-poly1305@openssh.com"},
                                                  false,
                                                  "ciphers chacha20-poly1305@openssh.com",
                                                  "aes256-ctr"},
                                           Narrow{"rsa_only", {"rsa"}, {}, false, "rsa", "ed25519"},
                                           Narrow{"post_quantum_only",
                                                  {"ed25519"},
                                                  {"KexAlgorithms sntrup761x25519-sha512@openssh.com"},
                                                  false,
                                                  "key exchanges sntrup761x25519-sha512@openssh.com",
                                                  "curve25519-sha256"},
                                           Narrow{"certificate_only",
                                                  {"ed25519"},
                                                  {"HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com"},
                                                  true,
                                                  "ssh-ed25519-cert-v01@openssh.com",
                                                  "HostKeyAlgorithms"}),
                         [](const auto& tested) { return tested.param.name; });

class Config : public ::testing::Test, protected Bench {};

TEST_F(Config, RsaServerWithAnotherPinStillNamesWhatItOffers) {
  Sshd sshd({.host_keys = {"rsa"}});
  const Sshd other({.host_keys = {"ed25519"}});
  auto host = address(sshd, "ssh");
  host.host_keys = other.host_keys();
  const auto opened = open(host, sshd.key());
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().what, HasSubstr("rsa-sha2-512"));
}

TEST_F(Config, PinOfATypeTheServerDoesNotHave) {
  Sshd sshd({.host_keys = {"ed25519"}});
  const Sshd other({.host_keys = {"ecdsa"}});
  auto host = address(sshd, "ssh");
  host.host_keys = other.host_keys();
  const auto opened = open(host, sshd.key());
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().what, AllOf(HasSubstr("ssh-ed25519"), HasSubstr("ecdsa-sha2-nistp256")));
}

TEST_F(Config, UserCertificatesComeFromSshConfig) {
  Sshd sshd({.user_certificates = true});
  auto host = address(sshd, "ssh");
  const auto opened = open(host, sshd.key());
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().next, AllOf(HasSubstr("CertificateFile"), HasSubstr("transport: openssh")));

  host.transport = "openssh";
  host.ssh_config = sshd.directory() / "ssh_config";
  std::ofstream(host.ssh_config) << "Host web1\n  CertificateFile " << sshd.certificate().string() << "\n";
  EXPECT_EQ(exec(login(host, sshd.key()), "echo in").out, "in\n");
}

TEST_F(Config, JumpHostsComeFromSshConfig) {
  Sshd target;
  Sshd jump;
  auto host = address(target, "openssh");
  host.ssh_config = target.directory() / "ssh_config";
  std::ofstream(target.directory() / "jump_hosts") << "* " << jump.host_keys()[0] << "\n";
  std::ofstream(host.ssh_config) << "Host web1\n  ProxyJump gate\nHost gate\n  HostName 127.0.0.1\n  Port "
                                 << jump.port() << "\n  User " << jump.user() << "\n  IdentityFile "
                                 << jump.key().string() << "\n  UserKnownHostsFile "
                                 << (target.directory() / "jump_hosts").string() << "\n";
  EXPECT_EQ(exec(login(host, target.key()), "echo through").out, "through\n");
  EXPECT_THAT(jump.log(), HasSubstr("Accepted publickey"));
}

TEST_F(Config, BrokenSshConfigIsSaidInWords) {
  Sshd sshd;
  auto host = address(sshd, "openssh");
  host.ssh_config = sshd.directory() / "ssh_config";
  std::ofstream(host.ssh_config) << "ProxyJmp gate\n";
  const auto opened = open(host, sshd.key());
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, Kind::invalid);
  EXPECT_THAT(opened.error().what, HasSubstr("ssh_config"));
}

}  // namespace
}  // namespace belay::test
