// The daemon's own copy of a snapshot: taken in while the host sends it, hashed against the host's list, sealed, and
// sent back when the host's own is damaged or gone (R10, C16 of docs/step-protocol.md).
//
// On the wire: the section `sums` (the snapshot's SUMS file), `complete` (its digest), then `copy.1`, `copy.2` …, the
// files in the order of the list. In the vault: a tar of the same files. Loop thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/leash.hpp"
#include "daemon/engine/reply_reader.hpp"
#include "daemon/plugin/kit_tar.hpp"
#include "daemon/port/vault.hpp"

namespace belay::engine {

// A sink for the sections named above; every other section goes to `rest`. Kind::integrity when a file is not what the
// list says, when the list has a name that is none of ours, or when files are missing.
class SnapshotCopy final : public SectionSink {
 public:
  // Both must outlive it.
  SnapshotCopy(Vault& vault, SectionSink& rest) : vault_(vault), rest_(rest) {}

  [[nodiscard]] Result<void> begin(const std::string& name, std::uint64_t size) override;
  [[nodiscard]] Result<void> data(std::string_view bytes) override;
  [[nodiscard]] Result<void> end() override;

  struct Made {
    Digest sealed;            // the copy's name in the vault
    std::string manifest;     // hex digest of the snapshot's MANIFEST, by the list
    std::uint64_t bytes = 0;  // of all files
  };
  // All of the copy is in the vault, durable.
  [[nodiscard]] Result<Made> finish();

 private:
  struct File {
    std::string digest;
    std::string path;
  };
  [[nodiscard]] Result<void> read_list();

  Vault& vault_;
  SectionSink& rest_;
  enum class In : std::uint8_t { rest, sums, complete, file } in_ = In::rest;
  std::string sums_;
  std::string complete_;
  std::vector<File> files_;
  std::size_t next_ = 0;
  std::optional<Hasher> hasher_;
  std::optional<plugin::TarStream> tar_;
  std::unique_ptr<BlobWriter> to_;
  std::uint64_t bytes_ = 0;
};

// The copy as the tar that the host takes in, piece by piece. It was read whole, and found whole, before this returns.
[[nodiscard]] Result<Source> copy_stream(Vault& vault, const Digest& sealed);

}  // namespace belay::engine
