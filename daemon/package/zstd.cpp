#include "daemon/package/zstd.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include "daemon/base/check.hpp"
#include "daemon/base/escape.hpp"

namespace belay::package {
namespace {

// Level and window are part of the format's promise "same input, same digest": never change them within version 1.
constexpr int level = 3;
constexpr int largest_window_log = 23;  // 8 MiB: what a reader lends a frame at most
constexpr std::string_view magic = "\x28\xB5\x2F\xFD";

}  // namespace

ZstdWriter::ZstdWriter(AtomicFile& out) : out_(out), context_(ZSTD_createCCtx()), buffer_(ZSTD_CStreamOutSize()) {
  BELAY_CHECK(context_ != nullptr);
  BELAY_CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level)));
  BELAY_CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1)));
  BELAY_CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context_, ZSTD_c_contentSizeFlag, 0)));
}

ZstdWriter::~ZstdWriter() { ZSTD_freeCCtx(context_); }

Result<void> ZstdWriter::pump(std::string_view data, bool end) {
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  for (;;) {
    ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
    const std::size_t left = ZSTD_compressStream2(context_, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) {
      return fail(Kind::internal, fmt::format("compressing failed: {}", ZSTD_getErrorName(left)));
    }
    const std::string_view packed(buffer_.data(), out.pos);
    hasher_.update(packed);
    BELAY_TRYV(out_.write(packed));
    if (end ? left == 0 : in.pos == in.size) return {};
  }
}

Result<void> ZstdWriter::write(std::string_view data) { return pump(data, false); }

Result<Digest> ZstdWriter::finish() {
  BELAY_TRYV(pump({}, true));
  return hasher_.finish();
}

ZstdReader::ZstdReader(const Fd& file, std::string name)
    : file_(file), name_(std::move(name)), context_(ZSTD_createDCtx()), buffer_(ZSTD_DStreamInSize()) {
  BELAY_CHECK(context_ != nullptr);
  BELAY_CHECK(!ZSTD_isError(ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, largest_window_log)));
}

ZstdReader::~ZstdReader() { ZSTD_freeDCtx(context_); }

Result<void> ZstdReader::refill() {
  BELAY_TRY(filled_, read_at(file_, buffer_.data(), buffer_.size(), offset_, name_));
  used_ = 0;
  // Only a plain frame: no skippable frame in front, no format of older versions.
  if (offset_ == 0 && !std::string_view(buffer_.data(), filled_).starts_with(magic)) {
    return fail(Kind::invalid,
                fmt::format("{} is not a release package (it does not begin with a zstd frame)", show(name_)),
                "Packages are made by belay package build.");
  }
  offset_ += filled_;
  hasher_.update(std::string_view(buffer_.data(), filled_));
  return {};
}

Result<std::size_t> ZstdReader::step(char* to, std::size_t size) {
  if (used_ == filled_) BELAY_TRYV(refill());
  const bool at_end = filled_ == 0;
  ZSTD_inBuffer in{buffer_.data(), filled_, used_};
  ZSTD_outBuffer out{to, size, 0};
  const std::size_t left = ZSTD_decompressStream(context_, &out, &in);
  if (ZSTD_isError(left)) {
    return fail(Kind::invalid, fmt::format("{} is damaged: {}", show(name_), ZSTD_getErrorName(left)),
                "Fetch or build the package again.");
  }
  used_ = in.pos;
  ended_ = left == 0;
  if (!ended_ && at_end && out.pos == 0) {
    return fail(Kind::invalid, fmt::format("{} is cut off", show(name_)), "Fetch or build the package again.");
  }
  return out.pos;
}

Result<std::size_t> ZstdReader::read(char* to, std::size_t size) {
  std::size_t done = 0;
  while (done < size && !ended_) {
    BELAY_TRY(const std::size_t got, step(to + done, size - done));
    done += got;
  }
  return done;
}

Result<Digest> ZstdReader::finish() {
  while (!ended_) {
    char extra = 0;
    BELAY_TRY(const std::size_t got, step(&extra, 1));
    if (got > 0) {
      return fail(Kind::invalid, fmt::format("{} has bytes after the end of its archive", show(name_)),
                  "Fetch or build the package again.");
    }
  }
  if (used_ == filled_) BELAY_TRYV(refill());
  if (used_ != filled_) {
    return fail(Kind::invalid, fmt::format("{} has bytes after the end of its archive", show(name_)),
                "Fetch or build the package again.");
  }
  return hasher_.finish();
}

}  // namespace belay::package
