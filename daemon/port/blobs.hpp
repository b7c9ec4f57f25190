// Content-addressed blobs: package members, plans, manifests, outputs. A blob's name is the SHA-256 of its bytes.
//
// A blob, once named, is durable (synced, with its directory) and never changes. Calls are synchronous and may come
// from any thread; a BlobWriter belongs to one caller.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/digest.hpp"
#include "daemon/base/error.hpp"

namespace belay {

// Receives bytes of unknown name and size. Destroyed without `finish`, it leaves nothing behind.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  [[nodiscard]] virtual Result<void> write(std::string_view data) = 0;
  [[nodiscard]] virtual Result<Digest> finish() = 0;
};

class Blobs {
 public:
  virtual ~Blobs() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<BlobWriter>> begin() = 0;
  [[nodiscard]] virtual Result<Digest> put(std::string_view data) = 0;
  [[nodiscard]] virtual bool has(const Digest& digest) const = 0;
  // Bytes in the blob. Kind::not_found when there is none.
  [[nodiscard]] virtual Result<std::uint64_t> size(const Digest& digest) const = 0;
  // The whole blob, checked against its name. Kind::integrity when it is larger than `limit` or not what its name says.
  [[nodiscard]] virtual Result<std::string> get(const Digest& digest, std::uint64_t limit = 64u << 20) const = 0;
  // Removes a blob that nothing names yet: an upload that was refused. Removing what is not there is fine.
  [[nodiscard]] virtual Result<void> discard(const Digest& digest) = 0;
  // For streaming: the file that holds it, to be opened for reading only.
  [[nodiscard]] virtual Result<std::filesystem::path> path(const Digest& digest) const = 0;
};

}  // namespace belay
