// Writes small ustar streams in memory, as the daemon sends them to a host. Names of up to 99 bytes, regular files
// only.
#pragma once

#include <map>
#include <string>

namespace belay::test {

// name → content; the members come in the order of their names.
[[nodiscard]] std::string tar_of(const std::map<std::string, std::string>& files);

}  // namespace belay::test
