// Base64 (RFC 4648, with padding): how signatures travel and how OpenSSH writes keys. Pure; total over all
// bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace belay {

// nullopt for characters outside the alphabet, wrong length, padding inside, or bits that say nothing being set.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

[[nodiscard]] std::string encode_base64(std::string_view bytes);

}  // namespace belay
