// Looks into an SSH signature (the SSHSIG format of OpenSSH, PROTOCOL.sshsig) for the sake of clear messages.
//
// Nothing is decided here: ssh-keygen verifies. But when it says no, this tells why in words: another namespace,
// another version, a hash that nobody knows. Pure; total over bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"

namespace belay::package {

struct SshSignature {
  std::uint32_t version = 0;
  std::string key_type;  // "ssh-ed25519"
  std::string name_space;
  std::string hash;  // "sha512" or "sha256"
};

// Kind::invalid when the text is no armored SSHSIG blob.
[[nodiscard]] Result<SshSignature> parse_signature(std::string_view armored);

}  // namespace belay::package
