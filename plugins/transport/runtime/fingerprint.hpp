// The fingerprint of a public key as people compare it: "SHA256:…", as ssh-keygen -l prints it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace belay::worker {

// `blob`: the key as SSH writes it, not base64.
std::string fingerprint(std::string_view blob);

}  // namespace belay::worker
