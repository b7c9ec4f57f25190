// The vault over the blob store: libsodium's secretstream (XChaCha20-Poly1305), 64 KiB at a time, so that memory stays
// flat and a cut, reordered or changed piece is noticed before any of it is used.
//
// Sealed form: the line "belay sealed 1", the stream's 24-byte header, then pieces of 64 KiB + 17 bytes; the last one,
// shorter and possibly empty, carries the stream's end mark.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

#include "daemon/port/vault.hpp"

namespace belay::vault {

using Key = std::array<std::uint8_t, 32>;

// The key in `path`: 64 hex digits and a newline. When there is no such file, one is made (mode 0600, synced): copies
// made from then on can be read with it, and with nothing else. Kind::invalid when it is no key, or others may read it;
// Kind::io when it can be neither read nor made.
[[nodiscard]] Result<Key> read_or_make_key(const std::filesystem::path& path);

class SealedVault final : public Vault {
 public:
  // `blobs` must outlive it.
  SealedVault(Blobs& blobs, const Key& key);
  ~SealedVault() override;
  SealedVault(const SealedVault&) = delete;
  SealedVault& operator=(const SealedVault&) = delete;

  [[nodiscard]] Result<std::unique_ptr<BlobWriter>> begin() override;
  [[nodiscard]] Result<std::unique_ptr<VaultReader>> open(const Digest& digest) override;

 private:
  Blobs& blobs_;
  Key key_;
};

}  // namespace belay::vault
