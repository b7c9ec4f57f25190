// The vault: what is kept of production hosts, sealed. A snapshot holds whatever stood on a host, secrets too, so its
// copy here is unreadable without the daemon's key.
//
// What is written is named by the digest of its sealed bytes and durable like any blob (daemon/port/blobs.hpp). Errors:
// as Blobs; Kind::integrity when what is read was changed, cut, or sealed with another key. Nothing of a piece that was
// changed is ever handed out. Any thread; a writer or reader belongs to one caller.
#pragma once

#include <memory>
#include <string>

#include "daemon/base/digest.hpp"
#include "daemon/base/error.hpp"
#include "daemon/port/blobs.hpp"

namespace belay {

class VaultReader {
 public:
  virtual ~VaultReader() = default;
  // The next piece; empty at the end, which is told only when the end itself was found whole.
  [[nodiscard]] virtual Result<std::string> next() = 0;
};

class Vault {
 public:
  virtual ~Vault() = default;
  // Destroyed without `finish`, it leaves nothing behind.
  [[nodiscard]] virtual Result<std::unique_ptr<BlobWriter>> begin() = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<VaultReader>> open(const Digest& digest) = 0;
};

}  // namespace belay
