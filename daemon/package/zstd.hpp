// zstd as packages use it: exactly one frame, written with fixed settings by one thread, read as a stream with flat
// memory.
//
// The reader hashes the packed bytes as it goes, so the digest is of the very bytes that were parsed. Each object
// belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/digest.hpp"
#include "daemon/base/error.hpp"
#include "daemon/package/files.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace belay::package {

class ZstdWriter {
 public:
  explicit ZstdWriter(AtomicFile& out);
  ~ZstdWriter();
  ZstdWriter(const ZstdWriter&) = delete;
  ZstdWriter& operator=(const ZstdWriter&) = delete;

  Result<void> write(std::string_view data);
  // Ends the frame; the digest of everything written to the file.
  Result<Digest> finish();

 private:
  Result<void> pump(std::string_view data, bool end);

  AtomicFile& out_;
  ZSTD_CCtx_s* context_;
  std::vector<char> buffer_;
  Hasher hasher_;
};

class ZstdReader {
 public:
  // Reads `file` from its begin, by position: other readers of the same descriptor do not disturb.
  ZstdReader(const Fd& file, std::string name);
  ~ZstdReader();
  ZstdReader(const ZstdReader&) = delete;
  ZstdReader& operator=(const ZstdReader&) = delete;

  // Fills `to`; fewer bytes only where the frame ends. Kind::invalid for what is no zstd, damaged or cut off.
  Result<std::size_t> read(char* to, std::size_t size);
  // After the last byte of the contents: the frame must end here, and the file with it. The digest of the file.
  Result<Digest> finish();

 private:
  Result<void> refill();
  Result<std::size_t> step(char* to, std::size_t size);

  const Fd& file_;
  std::string name_;
  ZSTD_DCtx_s* context_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t offset_ = 0;
  bool ended_ = false;  // the frame is complete
  Hasher hasher_;
};

}  // namespace belay::package
