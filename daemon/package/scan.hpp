// Reads a directory of a release in the making: what would become a package, and what is in it.
//
// Only release.yaml, playbook.yaml and files/ count; anything else beside them is left alone and named in `ignored`.
// Follows no symbolic link. Modes are normalised (owner's x bit → 0755, else 0644), then `modes` of release.yaml are
// applied, so umask, owner, times and the order of readdir leave no trace. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/playbook.hpp"
#include "daemon/model/release.hpp"
#include "daemon/package/files.hpp"
#include "daemon/package/format.hpp"

namespace belay::package {

struct Scan {
  Fd root;
  std::filesystem::path directory;
  std::string release_text;
  std::string playbook_text;
  std::vector<Member> members;       // in the order of the manifest, checked by check_members()
  std::vector<std::string> ignored;  // names beside release.yaml that are not packed; dot files excepted
};

// One text beside files/, never through a symbolic link. Kind::not_found, Kind::invalid (no regular file),
// Kind::refused (larger than `limits` allow), Kind::io.
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path& directory, std::string_view name,
                                            const Limits& limits = {});

// Kind::invalid for names and types that a package cannot hold, Kind::not_found when release.yaml or playbook.yaml is
// not there, Kind::refused beyond the limits, Kind::io. `release` decides the modes and may be null.
[[nodiscard]] Result<Scan> scan(const std::filesystem::path& directory, const Release* release,
                                const Limits& limits = {});

// The contents of one file of a scan, in pieces. Kind::integrity when they are no longer those that were scanned.
[[nodiscard]] Result<void> stream_file(const Scan& scan, const Member& member,
                                       const std::function<Result<void>(std::string_view)>& piece);

}  // namespace belay::package
