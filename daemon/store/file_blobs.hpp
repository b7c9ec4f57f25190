// Blobs (daemon/port/blobs.hpp) as files: `<directory>/xx/<hex>`, xx being the first two digits of the digest.
//
// A blob is written to `<directory>/tmp`, synced, renamed into place, and the directory synced, before its name is
// told. Files are mode 0400. Any thread; many may put the same content at the same time.
#pragma once

#include <filesystem>
#include <memory>

#include "daemon/base/error.hpp"
#include "daemon/port/blobs.hpp"

namespace belay::store {

class FileBlobs final : public Blobs {
 public:
  // Makes the directories and removes what an earlier process left in tmp: the caller holds the lock of the state
  // directory this is in (Store::open). Kind::io when that fails.
  [[nodiscard]] static Result<std::unique_ptr<FileBlobs>> open(const std::filesystem::path& directory);

  [[nodiscard]] Result<std::unique_ptr<BlobWriter>> begin() override;
  [[nodiscard]] Result<Digest> put(std::string_view data) override;
  [[nodiscard]] bool has(const Digest& digest) const override;
  [[nodiscard]] Result<std::uint64_t> size(const Digest& digest) const override;
  [[nodiscard]] Result<std::string> get(const Digest& digest, std::uint64_t limit) const override;
  [[nodiscard]] Result<void> discard(const Digest& digest) override;
  [[nodiscard]] Result<std::filesystem::path> path(const Digest& digest) const override;

 private:
  explicit FileBlobs(std::filesystem::path directory) : directory_(std::move(directory)) {}
  const std::filesystem::path directory_;
};

}  // namespace belay::store
