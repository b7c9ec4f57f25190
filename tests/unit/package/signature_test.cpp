// Signatures with the real ssh-keygen (threats F-55): what counts, and the one sentence for each thing that does not.
#include "daemon/package/signature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/package/build.hpp"
#include "daemon/package/sshsig.hpp"
#include "daemon/package/tool.hpp"
#include "tests/unit/package/crafted.hpp"

namespace belay::package {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::slurp;
using ::testing::StartsWith;
using testing::TempDir;
using testing::write;

constexpr std::chrono::sys_seconds now = std::chrono::sys_days(std::chrono::year(2030) / 6 / 15);

class Signatures : public ::testing::Test {
 protected:
  void SetUp() override {
    write(dir.path / "r/release.yaml", testing::plain_release);
    write(dir.path / "r/playbook.yaml", testing::plain_playbook);
    write(dir.path / "r/files/x", std::string(300'000, 'x'));
    ASSERT_TRUE(build(dir.path / "r", file).has_value());
    for (const char* name : {"alice", "alice2", "mallory"}) {
      run({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", (dir.path / name).string()});
    }
  }

  static std::string run(std::vector<std::string> argv) {
    auto result =
        run_tool(Tool{.argv = std::move(argv), .environment = {"PATH=/usr/bin:/bin"}, .input = {}, .descriptors = {}});
    EXPECT_TRUE(result.has_value());
    EXPECT_EQ(result->status, 0) << result->err;
    return result->out;
  }

  std::string key(const std::string& name) const {
    const std::string line = slurp(dir.path / (name + ".pub"));
    return line.substr(0, line.rfind(' '));
  }

  VerifyOptions signers(const std::string& text) const {
    write(dir.path / "signers", text);
    return VerifyOptions{.allowed_signers = dir.path / "signers", .revoked = {}, .at = now};
  }

  Result<Signer> verify_with(const VerifyOptions& options) const { return verify(file, signature_path(file), options); }

  TempDir dir;
  fs::path file = dir.path / "a.belay";
};

TEST_F(Signatures, CountWhenEverythingFits) {
  auto signature = sign(file, dir.path / "alice");
  ASSERT_TRUE(signature.has_value()) << signature.error().text();
  EXPECT_EQ(*signature, dir.path / "a.belay.sig");
  auto signer = verify_with(signers("alice@example.org " + key("alice") + "\n"));
  ASSERT_TRUE(signer.has_value()) << signer.error().text();
  EXPECT_EQ(signer->principal, "alice@example.org");
  EXPECT_THAT(signer->fingerprint, StartsWith("SHA256:"));
  EXPECT_EQ(signer->digest, sha256_file(file).value());
  auto both = open_signed(file, signers("alice@example.org " + key("alice") + "\n"));
  ASSERT_TRUE(both.has_value()) << both.error().text();
  EXPECT_EQ(both->package.digest(), both->signer.digest);
}

// What docs/packages.md tells people to type.
TEST_F(Signatures, CanBeCheckedByHand) {
  ASSERT_TRUE(sign(file, dir.path / "alice").has_value());
  write(dir.path / "signers", "alice " + key("alice") + "\n");
  const std::string out =
      run({"/bin/sh", "-c",
           "cd \"$1\" && ssh-keygen -Y verify -f signers -I alice -n belay-package -s a.belay.sig < a.belay", "sh",
           dir.path.string()});
  EXPECT_THAT(out, StartsWith("Good \"belay-package\" signature for alice"));
}

TEST_F(Signatures, NameOnePersonForTwoKeys) {
  const std::string list = "alice " + key("alice") + "\nalice,alice@work " + key("alice2") + "\n";
  ASSERT_TRUE(sign(file, dir.path / "alice").has_value());
  auto first = verify_with(signers(list));
  ASSERT_TRUE(sign(file, dir.path / "alice2").has_value());
  auto second = verify_with(signers(list));
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->principal, second->principal);
  EXPECT_NE(first->fingerprint, second->fingerprint);
}

struct Refusal {
  const char* name;
  std::string options;  // in front of the key
  const char* what;
};

TEST_F(Signatures, DoNotCountByTheRulesOfTheSigners) {
  ASSERT_TRUE(sign(file, dir.path / "alice").has_value());
  const std::vector<Refusal> cases = {
      {"expired", "valid-before=\"20300101Z\" ", "the key that signed a.belay has expired"},
      {"too early", "valid-after=\"20310101Z\" ", "is not valid yet"},
      {"other namespace", "namespaces=\"git,file\" ", "may not sign for the namespace \"belay-package\""},
  };
  for (const auto& c : cases) {
    auto got = verify_with(signers("alice " + c.options + key("alice") + "\n"));
    ASSERT_FALSE(got.has_value()) << c.name;
    EXPECT_EQ(got.error().kind, Kind::refused);
    EXPECT_THAT(got.error().what, HasSubstr(c.what));
  }
  // The same key, valid in the moment that is asked for.
  auto past = signers("alice valid-before=\"20300101Z\" " + key("alice") + "\n");
  past.at = now - std::chrono::days(365);
  EXPECT_TRUE(verify_with(past).has_value());
  auto narrow = signers("alice namespaces=\"belay-package\" " + key("alice") + "\n");
  EXPECT_TRUE(verify_with(narrow).has_value());
}

TEST_F(Signatures, DoNotCountFromAnUnknownKeyOrAPattern) {
  ASSERT_TRUE(sign(file, dir.path / "mallory").has_value());
  auto unknown = verify_with(signers("alice " + key("alice") + "\n"));
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error().what, HasSubstr("is not among the allowed signers"));
  auto empty = verify_with(signers(""));
  ASSERT_FALSE(empty.has_value());
  EXPECT_THAT(empty.error().what, HasSubstr("is not among the allowed signers"));
  auto pattern = verify_with(signers("* " + key("mallory") + "\n"));
  ASSERT_FALSE(pattern.has_value());
  EXPECT_THAT(pattern.error().what, HasSubstr("by the pattern \"*\", not by a person"));
}

TEST_F(Signatures, DoNotCountFromARevokedKey) {
  ASSERT_TRUE(sign(file, dir.path / "alice").has_value());
  auto options = signers("alice " + key("alice") + "\n");
  write(dir.path / "revoked", key("alice") + "\n");
  options.revoked = dir.path / "revoked";
  auto got = verify_with(options);
  ASSERT_FALSE(got.has_value());
  EXPECT_THAT(got.error().what, HasSubstr("the key of alice that signed a.belay is revoked"));
  write(dir.path / "revoked", key("mallory") + "\n");
  EXPECT_TRUE(verify_with(options).has_value());
}

TEST_F(Signatures, DoNotCountForOtherBytes) {
  ASSERT_TRUE(sign(file, dir.path / "alice").has_value());
  std::string bytes = slurp(file);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write(file, bytes);
  auto got = verify_with(signers("alice " + key("alice") + "\n"));
  ASSERT_FALSE(got.has_value());
  EXPECT_THAT(got.error().what, HasSubstr("the signature is not of these bytes of a.belay"));
}

TEST_F(Signatures, DoNotCountForAnotherPurpose) {
  ASSERT_TRUE(sign(file, dir.path / "alice", "file").has_value());
  auto got = verify_with(signers("alice " + key("alice") + "\n"));
  ASSERT_FALSE(got.has_value());
  EXPECT_THAT(got.error().what, HasSubstr("has the namespace \"file\", not \"belay-package\""));
}

// An armored blob with chosen fields; nothing signs it, so only its form is judged.
std::string forged(std::uint32_t version, const std::string& name_space, const std::string& hash) {
  std::string blob = "SSHSIG";
  const auto number = [&](std::uint32_t n) {
    for (unsigned shift : {24U, 16U, 8U, 0U}) blob.push_back(static_cast<char>((n >> shift) & 0xFFU));
  };
  const auto text = [&](const std::string& t) {
    number(static_cast<std::uint32_t>(t.size()));
    blob += t;
  };
  number(version);
  text(std::string("\0\0\0\x0Bssh-ed25519\0\0\0\x20", 19) + std::string(32, 'k'));
  text(name_space);
  text("");
  text(hash);
  text("sig");
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out = "-----BEGIN SSH SIGNATURE-----\n";
  for (std::size_t i = 0; i < blob.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j)
      bits = (bits << 8U) | (i + j < blob.size() ? static_cast<unsigned char>(blob[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) out += i + j > blob.size() ? '=' : digits[(bits >> (18 - 6 * j)) & 63U];
  }
  return out + "\n-----END SSH SIGNATURE-----\n";
}

TEST_F(Signatures, DoNotCountInAStrangeForm) {
  struct Form {
    std::string text;
    const char* what;
  };
  const std::vector<Form> cases = {
      {forged(2, "belay-package", "sha512"), "has version 2"},
      {forged(1, "", "sha512"), "has no namespace, not \"belay-package\""},
      {forged(1, "belay-package", "md5"), "the unknown hash \"md5\""},
      {forged(1, "belay-package", "sha512"), ""},
      {"", "no SSH signature"},
      {"hello", "no SSH signature"},
      {"-----BEGIN SSH SIGNATURE-----\n!!!\n-----END SSH SIGNATURE-----\n", "no SSH signature"},
      {"-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n", "no SSH signature"},
      {"-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAf////8=\n-----END SSH SIGNATURE-----\n", "no SSH signature"},
      {std::string(100'000, 'A'), "more than 65536 bytes"},
  };
  for (const auto& c : cases) {
    write(signature_path(file), c.text);
    auto got = verify_with(signers("alice " + key("alice") + "\n"));
    ASSERT_FALSE(got.has_value()) << c.what;
    EXPECT_THAT(got.error().what, HasSubstr(c.what));
    EXPECT_EQ(got.error().what.find('\n'), std::string::npos);
  }
}

TEST_F(Signatures, AreMissedWhenThereIsNone) {
  auto got = verify_with(signers("alice " + key("alice") + "\n"));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().kind, Kind::not_found);
  EXPECT_THAT(got.error().what, HasSubstr("a.belay is not signed: there is no"));
}

TEST_F(Signatures, AreNotMadeWithoutAKey) {
  EXPECT_EQ(sign(file, dir.path / "nobody").error().kind, Kind::not_found);
  write(dir.path / "broken", "no key\n");
  auto broken = sign(file, dir.path / "broken");
  ASSERT_FALSE(broken.has_value());
  EXPECT_THAT(broken.error().what, HasSubstr("cannot sign"));
  EXPECT_FALSE(fs::exists(signature_path(file)));
}

TEST(RunTool, EndsAtItsDeadline) {
  auto got = run_tool(Tool{.argv = {"/bin/sleep", "1000"},
                           .environment = {},
                           .input = {},
                           .descriptors = {},
                           .deadline = std::chrono::milliseconds(50)});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().kind, Kind::timeout);
}

TEST(RunTool, SurvivesAProgramThatDoesNotRead) {
  Tool tool{.argv = {"/bin/true"}, .environment = {}, .input = {}, .descriptors = {}};
  int pieces = 0;
  tool.input = [&](char* to, std::size_t size) -> Result<std::size_t> {
    std::fill_n(to, size, 'x');
    return ++pieces > 100 ? 0 : size;
  };
  auto got = run_tool(tool);
  ASSERT_TRUE(got.has_value()) << got.error().text();
  EXPECT_EQ(got->status, 0);
}

TEST(RunTool, CapsOutputAndKeepsTheEnvironmentEmpty) {
  auto much = run_tool(Tool{.argv = {"/bin/sh", "-c", "head -c 300000 /dev/zero; exit 3"},
                            .environment = {"PATH=/bin:/usr/bin"},
                            .input = {},
                            .descriptors = {}});
  ASSERT_TRUE(much.has_value());
  EXPECT_EQ(much->status, 3);
  EXPECT_EQ(much->out.size(), 65536U);
  auto none = run_tool(Tool{.argv = {"/usr/bin/env"}, .environment = {}, .input = {}, .descriptors = {}});
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(none->out, "");
  EXPECT_EQ(run_tool(Tool{.argv = {"/nonexistent"}, .environment = {}, .input = {}, .descriptors = {}}).error().kind,
            Kind::not_found);
}

}  // namespace
}  // namespace belay::package
