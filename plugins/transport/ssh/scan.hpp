// Fetches the host keys a server shows, of every type it has, so that a person can compare their fingerprints out of
// band. Nothing is verified and nothing is sent but public numbers: what it shows is a claim, and pinning it is the
// caller's act.
//
// Speaks just enough of RFC 4253 to see each key (also of servers that libssh2 cannot talk to). Blocking, with one
// deadline for all; failure kinds: unreachable, timeout, invalid (not an SSH server).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay::ssh {

struct ScannedKey {
  std::string type;         // ssh-ed25519, ecdsa-sha2-nistp256, ssh-rsa …
  std::string line;         // "ssh-ed25519 AAAA…": what is pinned
  std::string fingerprint;  // "SHA256:…"
};

struct Scan {
  std::string server;               // its banner, escaped
  std::vector<std::string> offers;  // all host key algorithms it names, escaped
  std::vector<ScannedKey> keys;
};

Result<Scan> scan(const std::string& host, std::uint16_t port, std::chrono::milliseconds patience);

}  // namespace belay::ssh
