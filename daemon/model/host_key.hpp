// Pinned host keys as lines of text: "ssh-ed25519 AAAA…", or "cert-authority ssh-ed25519 AAAA…" for transport openssh.
//
// Pure. Such a line later becomes a line of a known_hosts file, so nothing else gets through.
#pragma once

#include <string_view>

#include "daemon/base/error.hpp"

namespace belay {

// A type that OpenSSH knows and a key in base64 that says the same type; no options, no comment. Kind::invalid
// otherwise.
[[nodiscard]] Result<void> check_host_key(std::string_view line);

}  // namespace belay
