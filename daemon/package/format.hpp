// The package format, version 1: what members are, what MANIFEST.json says, and the limits of reading. docs/packages.md
// describes it for people.
//
// A package is one zstd frame around a tar stream: MANIFEST.json, release.yaml, playbook.yaml, then the payload
// (files/…) sorted bytewise, directories before what is in them. The manifest lists every member but itself; everything
// in the tar headers follows from it, so a reader compares headers instead of believing them. Pure; plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/digest.hpp"
#include "daemon/base/error.hpp"

namespace belay::package {

inline constexpr std::string_view format_name = "belay-package/1";
inline constexpr std::string_view manifest_path = "MANIFEST.json";
inline constexpr std::string_view release_path = "release.yaml";
inline constexpr std::string_view playbook_path = "playbook.yaml";
inline constexpr std::string_view payload_root = "files";

enum class MemberType : std::uint8_t { file, directory, symlink };

struct Member {
  std::string path = {};
  MemberType type = MemberType::file;
  std::uint32_t mode = 0;   // permission bits with setuid, setgid, sticky; 0777 for links
  std::uint64_t size = 0;   // files only
  Digest digest = {};       // files only
  std::string target = {};  // links only

  bool operator==(const Member&) const = default;
};

struct Limits {
  std::uint64_t total = 8ULL << 30;       // bytes of all members together
  std::uint64_t ratio = 1000;             // unpacked bytes per packed byte …
  std::uint64_t ratio_from = 4ULL << 30;  // … asked only of packages that unpack to more than this
  std::size_t members = 100'000;
  std::size_t manifest_bytes = 40U << 20;
  std::size_t text_bytes = 1U << 20;  // release.yaml and playbook.yaml, each
};

// MANIFEST.json for these members, canonical.
[[nodiscard]] Result<std::string> manifest_text(const std::vector<Member>& members);

// Kind::invalid when the text is not exactly what manifest_text() writes for what it says.
[[nodiscard]] Result<std::vector<Member>> parse_manifest(std::string_view text, const Limits& limits);

// Every rule that members must keep together: order, names, twins, parents, links, modes, limits. Building and reading
// ask this same function, so what can be built can be read. Kind::invalid or Kind::refused (limits).
[[nodiscard]] Result<void> check_members(const std::vector<Member>& members, const Limits& limits);

// The sum of all sizes; saturates.
[[nodiscard]] std::uint64_t total_size(const std::vector<Member>& members);

// "0644" and back; nothing but four octal digits.
[[nodiscard]] std::string mode_text(std::uint32_t mode);
[[nodiscard]] Result<std::uint32_t> parse_mode(std::string_view text);

// "1.5 GiB": for messages.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

}  // namespace belay::package
