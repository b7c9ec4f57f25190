// The release manager's private key: read and decoded once per worker, used for every login, never written anywhere.
//
// Takes what ssh-keygen writes (OpenSSH's own format, and PEM) for ed25519 and ecdsa keys without a passphrase.
// Refused, with a sentence that says what to do: passphrases (nobody is there to type one; systemd's
// LoadCredentialEncrypted keeps the file encrypted at rest), RSA (libssh2 1.10 can only sign it with SHA-1, which
// servers no longer accept), files others can read. Failure kinds: not_found, refused, invalid.
#pragma once

#include <openssl/evp.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"

namespace belay::ssh {

class PrivateKey {
 public:
  static Result<PrivateKey> load(const std::filesystem::path& file);
  // The text of a key file; `name` is for messages.
  static Result<PrivateKey> parse(std::string text, const std::string& name);

  // The public key as SSH writes it, and as a line for authorized_keys.
  [[nodiscard]] const std::string& blob() const { return blob_; }
  [[nodiscard]] std::string line() const;
  // The inner part of SSH's signature of `data`; empty when OpenSSL fails.
  [[nodiscard]] std::string sign(std::string_view data) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;

  static Key from_openssh(std::string_view text, const std::string& name, Result<void>& problem);
  static Key from_pem(std::string_view text, const std::string& name, Result<void>& problem);
  static Result<PrivateKey> describe(Key key, const std::string& name);

  Key key_;
  std::string blob_;
  const EVP_MD* hash_ = nullptr;  // none: the scheme brings its own (ed25519)
};

}  // namespace belay::ssh
