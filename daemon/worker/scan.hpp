// The host keys a server shows, for a person to compare out of band before one is pinned (`belay host scan-key`). Done
// by belay-ssh in a process of its own: what a stranger's server sends is not parsed in here.
//
// Blocking, for at most `patience` and a second; any thread. Failure: what belay-ssh says (unreachable, timeout,
// invalid), not_found when there is no belay-ssh, io.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay {

struct ScannedKey {
  std::string type;         // "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa" …
  std::string line;         // "ssh-ed25519 AAAA…": what is pinned
  std::string fingerprint;  // "SHA256:…"
};

struct HostScan {
  std::string server;               // the banner, escaped
  std::vector<std::string> offers;  // all host key algorithms it names, escaped
  std::vector<ScannedKey> keys;     // may be empty: a server with certificates only
};

// `programs`: the directory that holds belay-ssh.
Result<HostScan> scan_host_keys(const std::filesystem::path& programs, const std::string& host, std::uint16_t port,
                                std::chrono::seconds patience);

}  // namespace belay
