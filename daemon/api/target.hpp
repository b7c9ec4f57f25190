// Request targets: percent-decoding and query values, strictly. Pure; total over all bytes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"

namespace belay::api {

// Decodes %XX. nullopt for a broken escape, a control character (also an encoded one) or bytes that are no UTF-8.
[[nodiscard]] std::optional<std::string> decode_part(std::string_view text, bool plus_is_space = false);

// "a=1&b=2" → map. Kind::invalid for broken escapes and for a name given twice.
[[nodiscard]] Result<std::map<std::string, std::string>> parse_query(std::string_view query);

}  // namespace belay::api
