// Private keys: which are taken, and in which words the others are refused.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/base/base64.hpp"
#include "plugins/transport/runtime/fingerprint.hpp"
#include "plugins/transport/ssh/identity.hpp"
#include "tests/support/sshd/sshd.hpp"

namespace belay::ssh {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Identity : public ::testing::Test {
 protected:
  Identity() {
    std::string name = (fs::temp_directory_path() / "belay-keys-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = name;
  }
  ~Identity() override { fs::remove_all(directory_); }

  fs::path make(const std::string& name, std::vector<std::string> more) {
    const auto file = directory_ / name;
    std::vector<std::string> argv{"/usr/bin/ssh-keygen", "-q", "-C", "a comment", "-f", file};
    argv.insert(argv.end(), more.begin(), more.end());
    test::run(argv);
    return file;
  }
  static std::string slurp(const fs::path& file) {
    std::ostringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
  }

  fs::path directory_;
};

TEST_F(Identity, IsTheKeyThatSshKeygenMade) {
  const std::vector<std::vector<std::string>> kinds{
      {"-t", "ed25519", "-N", ""},
      {"-t", "ecdsa", "-b", "256", "-N", ""},
      {"-t", "ecdsa", "-b", "384", "-N", ""},
      {"-t", "ecdsa", "-b", "521", "-N", ""},
      {"-t", "ecdsa", "-b", "256", "-N", "", "-m", "PEM"},
      {"-t", "ecdsa", "-b", "521", "-N", "", "-m", "PKCS8"},
  };
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto file = make(fmt::format("key{}", i), kinds[i]);
    const auto key = PrivateKey::load(file);
    ASSERT_TRUE(key.has_value()) << key.error().text();
    EXPECT_THAT(slurp(file.string() + ".pub"), ::testing::StartsWith(key->line() + " "));
    EXPECT_THAT(test::run({"/usr/bin/ssh-keygen", "-l", "-f", file.string() + ".pub"}),
                HasSubstr(worker::fingerprint(key->blob())));
    EXPECT_FALSE(key->sign("data").empty());
  }
}

TEST_F(Identity, OthersAreRefusedInWords) {
  struct Case {
    std::string file;
    const char* says;
    const char* next;
  };
  std::ofstream(directory_ / "text") << "not a key";
  std::ofstream(directory_ / "empty") << "";
  std::ofstream(directory_ / "large") << std::string(100'000, 'x');
  fs::create_directory(directory_ / "folder");
  for (const char* name : {"text", "empty", "large"}) fs::permissions(directory_ / name, fs::perms(0600));
  const auto open = make("open", {"-t", "ed25519", "-N", ""});
  fs::permissions(open, fs::perms(0640));
  const Case cases[] = {
      {make("locked", {"-t", "ed25519", "-N", "secret"}), "passphrase", "LoadCredentialEncrypted"},
      {make("locked_pem", {"-t", "ecdsa", "-N", "secret", "-m", "PEM"}), "passphrase", "ssh-keygen -p"},
      {make("rsa", {"-t", "rsa", "-N", ""}), "ssh-rsa", "ed25519"},
      {make("rsa_pem", {"-t", "rsa", "-N", "", "-m", "PEM"}), "neither ed25519 nor ecdsa", "ed25519"},
      {directory_ / "text", "not a private key", "ssh-keygen"},
      {directory_ / "empty", "not a private key", "ssh-keygen"},
      {directory_ / "large", "not a key file", "ssh-keygen"},
      {directory_ / "folder", "not a key file", "ssh-keygen"},
      {directory_ / "missing", "No such file", "environments.yaml"},
      {open, "read by others", "chmod 600"},
  };
  for (const Case& c : cases) {
    const auto key = PrivateKey::load(c.file);
    ASSERT_FALSE(key.has_value()) << c.file;
    EXPECT_THAT(key.error().what, HasSubstr(c.says)) << c.file;
    EXPECT_THAT(key.error().next, HasSubstr(c.next)) << c.file;
  }
}

// A damaged key file is refused or gives some key, but never reads beyond its bytes (the sanitizers look on).
TEST_F(Identity, SurvivesDamage) {
  const std::string armour = slurp(make("key", {"-t", "ecdsa", "-N", ""}));
  std::string packed;
  std::istringstream lines(armour);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("-----")) packed += line;
  }
  const std::string binary = decode_base64(packed).value();
  const auto parse = [](std::string bytes) {
    return PrivateKey::parse(
        "-----BEGIN OPENSSH PRIVATE KEY-----\n" + encode_base64(bytes) + "\n-----END OPENSSH PRIVATE KEY-----\n",
        "damaged");
  };
  ASSERT_TRUE(parse(binary).has_value());
  for (std::size_t size = 0; size < binary.size(); ++size) (void)parse(binary.substr(0, size));
  for (std::size_t at = 0; at < binary.size(); ++at) {
    std::string bytes = binary;
    bytes[at] = static_cast<char>(bytes[at] ^ 0xff);
    (void)parse(bytes);
  }
}

}  // namespace
}  // namespace belay::ssh
