// Signatures of packages, made and checked by the system's own ssh-keygen (-Y): no signature code of our own.
//
// The signature of FILE is FILE.sig (armored SSHSIG, namespace belay-package), so docs/packages.md can show the line
// that checks it by hand. verify() hashes the very bytes it feeds to ssh-keygen; open_signed() parses a package only
// together with that digest, so no byte is parsed that was not signed (threats F-55). Blocks its thread; safe from
// every thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/digest.hpp"
#include "daemon/base/error.hpp"
#include "daemon/package/package.hpp"

namespace belay::package {

inline constexpr std::string_view package_namespace = "belay-package";

struct Signer {
  std::string principal;    // the person, as allowed_signers names them: two keys of one person are one signer
  std::string fingerprint;  // "SHA256:…" of the key
  Digest digest;            // SHA-256 of the bytes that were verified
};

struct VerifyOptions {
  std::filesystem::path allowed_signers;         // ssh-keygen(1), ALLOWED SIGNERS; times in it are UTC
  std::optional<std::filesystem::path> revoked;  // a KRL, or public keys one per line
  std::chrono::sys_seconds at;                   // the moment for which keys must be valid
  std::string name_space = std::string(package_namespace);
  std::chrono::milliseconds deadline{std::chrono::minutes(10)};
};

// The signature's place: "FILE.sig".
[[nodiscard]] std::filesystem::path signature_path(const std::filesystem::path& file);

// Signs with a private key file, or with a public one whose private half the agent of SSH_AUTH_SOCK holds. ssh-keygen
// may ask for a passphrase or a touch on the terminal. The signature appears whole or not at all; its path.
// Kind::invalid when the key cannot be used.
[[nodiscard]] Result<std::filesystem::path> sign(const std::filesystem::path& file, const std::filesystem::path& key,
                                                 std::string_view name_space = package_namespace);

// Kind::not_found without a signature; Kind::invalid for what is no signature; Kind::refused, with one sentence that
// says why, for a signature that does not count: other bytes, another namespace, an unknown, expired, not yet valid or
// revoked key.
[[nodiscard]] Result<Signer> verify(const std::filesystem::path& file, const std::filesystem::path& signature,
                                    const VerifyOptions& options);

struct SignedPackage {
  Package package;
  Signer signer;
};

// Package::open() and verify() of the same bytes. Kind::integrity when the file changed between the two.
[[nodiscard]] Result<SignedPackage> open_signed(const std::filesystem::path& file, const VerifyOptions& options,
                                                const Limits& limits = {});

}  // namespace belay::package
