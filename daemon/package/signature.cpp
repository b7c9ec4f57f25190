#include "daemon/package/signature.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "daemon/base/escape.hpp"
#include "daemon/package/sshsig.hpp"
#include "daemon/package/tool.hpp"

namespace belay::package {
namespace {

namespace fs = std::filesystem;
constexpr const char* ssh_keygen = "/usr/bin/ssh-keygen";
constexpr std::size_t largest_signature = 64 * 1024;
constexpr std::size_t largest_signers = 16 * 1024 * 1024;
constexpr std::string_view install = "Install the package openssh-client.";

// A file that only this process and its child see, holding what was read once: nobody can change it between two uses.
Result<Fd> in_memory(std::string_view text) {
  Fd fd(::memfd_create("belay", MFD_CLOEXEC));
  if (!fd.valid()) return io_error("create", "a file in memory");
  while (!text.empty()) {
    const ssize_t done = ::write(fd.get(), text.data(), text.size());
    if (done < 0) return io_error("write", "a file in memory");
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return fd;
}

// Feeds an open file to a tool from its begin, and hashes what it feeds.
struct Feed {
  const Fd& file;
  std::string name;
  std::uint64_t offset = 0;
  Hasher hasher{};

  Result<std::size_t> operator()(char* to, std::size_t size) {
    BELAY_TRY(const std::size_t got, read_at(file, to, size, offset, name));
    offset += got;
    hasher.update(std::string_view(to, got));
    return got;
  }
};

std::unexpected<Error> tool_error(Error error) {
  if (error.kind == Kind::not_found) error.next = install;
  return std::unexpected(std::move(error));
}

// "20261122120000", which ssh-keygen reads as UTC because its TZ says so.
std::string verify_time(std::chrono::sys_seconds at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

std::unexpected<Error> refuse(std::string what, std::string next) {
  return fail(Kind::refused, std::move(what), std::move(next));
}

// One verification: the signature, the signers and the revocations are each read once and handed over as descriptors.
class Verification {
 public:
  Verification(const Fd& file, std::string name, const VerifyOptions& options)
      : file_(file), name_(std::move(name)), options_(options) {}

  Result<void> read(const fs::path& signature) {
    auto text = read_file(signature, largest_signature);
    if (!text && text.error().kind == Kind::not_found) {
      return fail(Kind::not_found,
                  fmt::format("{} is not signed: there is no {}", show(name_), show(signature.string())),
                  "Sign it with belay package sign.");
    }
    if (!text) return std::unexpected(std::move(text.error()));
    BELAY_TRY(parsed_, parse_signature(*text));
    BELAY_TRY(signature_, in_memory(*text));
    BELAY_TRY(const std::string signers, read_file(options_.allowed_signers, largest_signers));
    BELAY_TRY(signers_, in_memory(signers));
    if (options_.revoked) {
      BELAY_TRY(const std::string revoked, read_file(*options_.revoked, largest_signers));
      BELAY_TRY(revoked_, in_memory(revoked));
    }
    return {};
  }

  Result<Signer> run() {
    BELAY_TRYV(check_form());
    BELAY_TRY(const std::string principal, find_principal());
    BELAY_TRY(auto outcome, check(principal, revoked_.valid()));
    if (outcome.result.status == 0) return signer(principal, outcome);
    if (revoked_.valid()) {
      // ssh-keygen does not say "revoked"; the same check without the list does.
      BELAY_TRY(const auto without, check(principal, false));
      if (without.result.status == 0) {
        return refuse(fmt::format("the key of {} that signed {} is revoked", show(principal), show(name_)),
                      "Sign it again with a key that is not.");
      }
    }
    return explain(outcome.result.err);
  }

 private:
  struct Outcome {
    ToolResult result;
    Digest digest;
  };

  Result<void> check_form() const {
    if (parsed_.version != 1) {
      return refuse(
          fmt::format("the signature of {} has version {}, which nobody can check", show(name_), parsed_.version),
          "Sign it again with belay package sign.");
    }
    if (parsed_.name_space != options_.name_space) {
      const std::string is =
          parsed_.name_space.empty() ? "no namespace" : "the namespace \"" + show(parsed_.name_space) + "\"";
      return refuse(fmt::format("the signature of {} has {}, not \"{}\": it was made for something else", show(name_),
                                is, options_.name_space),
                    "Sign it again with belay package sign.");
    }
    if (parsed_.hash != "sha512" && parsed_.hash != "sha256") {
      return refuse(fmt::format("the signature of {} uses the unknown hash \"{}\"", show(name_), show(parsed_.hash)),
                    "Sign it again with belay package sign.");
    }
    return {};
  }

  Tool tool(std::vector<std::string> argv) const {
    argv.insert(argv.end(), {"-s", "/dev/fd/3", "-f", "/dev/fd/4", "-Overify-time=" + verify_time(options_.at)});
    return Tool{.argv = std::move(argv),
                .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC0"},
                .input = {},
                .descriptors = {signature_.get(), signers_.get()},
                .deadline = options_.deadline};
  }

  Result<std::string> find_principal() const {
    auto found = run_tool(tool({ssh_keygen, "-Y", "find-principals"}));
    if (!found) return tool_error(std::move(found.error()));
    if (found->status != 0) return explain(found->err);
    // The principals of the matching line, comma-separated; a line may name one person by several addresses.
    std::string_view line = found->out;
    line = line.substr(0, line.find('\n'));
    const std::string first(line.substr(0, line.find(',')));
    if (first.empty() || first.find_first_of("*?!\"") != first.npos) {
      return refuse(fmt::format("the allowed signers name the key of {} by the pattern \"{}\", not by a person",
                                show(name_), show(first)),
                    "Write one person's name in that line.");
    }
    return first;
  }

  Result<Outcome> check(const std::string& principal, bool with_revoked) const {
    Tool verify = tool({ssh_keygen, "-Y", "verify", "-I", principal, "-n", options_.name_space});
    if (with_revoked) {
      verify.argv.insert(verify.argv.end(), {"-r", "/dev/fd/5"});
      verify.descriptors.push_back(revoked_.get());
    }
    Feed feed{file_, name_};
    verify.input = [&feed](char* to, std::size_t size) { return feed(to, size); };
    auto result = run_tool(verify);
    if (!result) return tool_error(std::move(result.error()));
    return Outcome{std::move(*result), feed.hasher.finish()};
  }

  // "Good "belay-package" signature for alice with ED25519 key SHA256:…"
  Result<Signer> signer(const std::string& principal, const Outcome& outcome) const {
    std::string_view out = outcome.result.out;
    const auto at = out.rfind("SHA256:");
    if (!out.starts_with("Good ") || at == out.npos) {
      return fail(Kind::internal, "ssh-keygen says neither yes nor no: " + show(out), {});
    }
    out = out.substr(at);
    return Signer{principal, std::string(out.substr(0, out.find_first_of(" \n"))), outcome.digest};
  }

  std::unexpected<Error> explain(std::string_view said) const {
    const std::string key = "the key that signed " + show(name_);
    const auto says = [&](std::string_view part) { return said.find(part) != said.npos; };
    if (says("key has expired")) return refuse(key + " has expired", "Sign it again with a key that is valid.");
    if (says("not yet valid")) return refuse(key + " is not valid yet", "Sign it with a key that is valid now.");
    if (says("not permitted for use in signature namespace")) {
      return refuse(fmt::format("{} may not sign for the namespace \"{}\"", key, options_.name_space),
                    "Sign it with a key that the allowed signers permit for it.");
    }
    if (says("incorrect signature")) {
      return refuse(fmt::format("the signature is not of these bytes of {}", show(name_)),
                    "The file was changed after it was signed, or the signature belongs to another: fetch both again.");
    }
    if (says("No principal matched")) {
      return refuse(key + " is not among the allowed signers",
                    "Add its public key to the allowed signers, if it should be.");
    }
    return refuse(fmt::format("the signature of {} does not hold: {}", show(name_), show(said.substr(0, 300))),
                  "Sign it again with belay package sign.");
  }

  const Fd& file_;
  std::string name_;
  const VerifyOptions& options_;
  SshSignature parsed_;
  Fd signature_;
  Fd signers_;
  Fd revoked_;
};

// What ssh-keygen may need to reach an agent, a passphrase prompt or a security key; nothing else.
std::vector<std::string> signing_environment() {
  std::vector<std::string> out = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
  for (const char* name : {"SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "SSH_SK_PROVIDER", "DISPLAY",
                           "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "HOME", "TERM"}) {
    if (const char* value = std::getenv(name)) out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

}  // namespace

fs::path signature_path(const fs::path& file) { return fs::path(file.string() + ".sig"); }

Result<fs::path> sign(const fs::path& file, const fs::path& key, std::string_view name_space) {
  BELAY_TRY(const Fd content, open_regular(file));
  BELAY_TRY([[maybe_unused]] const Fd key_file, open_regular(key));  // for the clearer message
  Feed feed{content, file.string()};
  std::error_code error;
  Tool tool{.argv = {ssh_keygen, "-Y", "sign", "-f", fs::absolute(key, error).string(), "-n", std::string(name_space)},
            .environment = signing_environment(),
            .input = [&feed](char* to, std::size_t size) { return feed(to, size); },
            .descriptors = {},
            .deadline = std::chrono::minutes(10)};
  auto result = run_tool(tool);
  if (!result) return tool_error(std::move(result.error()));
  if (result->status != 0 || !parse_signature(result->out)) {
    return fail(Kind::invalid, fmt::format("{} cannot sign: {}", show(key.string()), show(result->err.substr(0, 300))),
                "Name a private SSH key that is yours and whose passphrase you know.");
  }
  const fs::path path = signature_path(file);
  BELAY_TRY(AtomicFile out, AtomicFile::create(path));
  BELAY_TRYV(out.write(result->out));
  BELAY_TRYV(out.commit());
  return path;
}

Result<Signer> verify(const fs::path& file, const fs::path& signature, const VerifyOptions& options) {
  BELAY_TRY(const Fd content, open_regular(file));
  Verification verification(content, file.filename().string(), options);
  BELAY_TRYV(verification.read(signature));
  return verification.run();
}

Result<SignedPackage> open_signed(const fs::path& file, const VerifyOptions& options, const Limits& limits) {
  BELAY_TRY(Signer signer, verify(file, signature_path(file), options));
  BELAY_TRY(Package package, Package::open(file, limits));
  if (package.digest() != signer.digest) {
    return fail(Kind::integrity, fmt::format("{} was changed while it was being read", show(file.filename().string())),
                "Copy the package to a place that nobody writes to, and try again.");
  }
  return SignedPackage{std::move(package), std::move(signer)};
}

}  // namespace belay::package
