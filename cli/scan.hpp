// Asks a host for its SSH keys with the transport's own program, so that they can be compared out of band before they
// are pinned. Nothing is pinned here, ever.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/io.hpp"
#include "cli/view.hpp"
#include "daemon/base/error.hpp"

namespace belay::cli {

struct ScannedKey {
  std::string type;         // "ssh-ed25519"
  std::string key;          // "ssh-ed25519 AAAA…", as `belay host add --key` takes it
  std::string fingerprint;  // "SHA256:…"
};

// Runs `belay-ssh --scan HOST PORT`. Kind::not_found when the program is not installed, Kind::invalid for an address
// that is none, else what the program says (unreachable, timeout). Blocks for at most half a minute.
[[nodiscard]] Result<std::vector<ScannedKey>> scan_keys(const Io& io, const std::string& address, std::uint16_t port);

// Its output: {"keys": [{"type", "key", "fingerprint"}]}, or {"error": {"kind", "what", "next"}}. ed25519 first, then
// ecdsa: the types every transport can talk to. Pure.
[[nodiscard]] Result<std::vector<ScannedKey>> read_scan(const std::string& output);

// Where belay-ssh is: BELAY_LIBEXEC, beside this program, or ../libexec/belay from it. Empty: nowhere.
[[nodiscard]] std::string transport_program(const Io& io);

}  // namespace belay::cli
