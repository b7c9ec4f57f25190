// Makes a release package from a directory: canonical, so the same input gives the same bytes on any day, in any
// directory, under any umask and order of readdir.
//
// Reads every file twice (digests for the manifest first, then contents), with flat memory; a file that changes in
// between fails the build. The package appears under its name whole or not at all. One thread at a time.
#pragma once

#include <filesystem>

#include "daemon/base/digest.hpp"
#include "daemon/base/error.hpp"
#include "daemon/package/format.hpp"

namespace belay::package {

// The digest of the package file. Kind::invalid with file:line:column (below `directory`) when release.yaml or
// playbook.yaml is wrong in form; what the policies ask beyond that is lint's to say.
[[nodiscard]] Result<Digest> build(const std::filesystem::path& directory, const std::filesystem::path& out,
                                   const Limits& limits = {});

}  // namespace belay::package
