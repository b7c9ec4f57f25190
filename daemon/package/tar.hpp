// The tar headers of a package: a strict subset of ustar with pax records for long or non-ASCII names and huge sizes.
//
// There is exactly one encoding of each member (uid, gid and times 0, no user names), so reading is comparing: a header
// that is not what the manifest demands is explained and refused, never interpreted (threats F-51, F-52). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/package/format.hpp"

namespace belay::package {

inline constexpr std::size_t tar_block = 512;

// One block, or three when a pax record is needed. Directories end in a slash.
[[nodiscard]] std::string tar_header(const Member& member);

// The header of MANIFEST.json, which lists no size of itself.
[[nodiscard]] std::string manifest_header(std::uint64_t size);

// The size that a first header of an archive gives MANIFEST.json. Kind::invalid when the block is anything else.
[[nodiscard]] Result<std::uint64_t> manifest_size(std::string_view block, const Limits& limits);

// Says what the block `found` is, which stands where `expected` should begin. Always an error.
[[nodiscard]] Error explain_header(std::string_view found, const Member& expected);

// Zero bytes after `size` bytes of contents, up to the next block.
[[nodiscard]] constexpr std::size_t tar_padding(std::uint64_t size) {
  return static_cast<std::size_t>((tar_block - size % tar_block) % tar_block);
}

}  // namespace belay::package
