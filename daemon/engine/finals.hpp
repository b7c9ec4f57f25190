// The final manifests of a host: what every step's resources looked like after the last step. One blob per host.
#pragma once

#include <map>
#include <string>

#include "daemon/base/error.hpp"
#include "daemon/port/blobs.hpp"

namespace belay::engine {

// Step → manifest text.
using FinalManifests = std::map<int, std::string>;

// The blob is text: `@ STEP` lines, each followed by that step's manifest. Kind::integrity when it is not.
[[nodiscard]] Result<FinalManifests> read_finals(const Blobs& blobs, const std::string& digest);

// host → blob, as a baseline's row names it. Kind::integrity when it is not of that form.
[[nodiscard]] Result<std::map<std::string, std::string>> read_host_finals(const Blobs& blobs,
                                                                          const std::string& digest);
[[nodiscard]] Result<std::string> write_host_finals(Blobs& blobs, const std::map<std::string, std::string>& finals);

}  // namespace belay::engine
