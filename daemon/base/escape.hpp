// Bytes from outside (hosts, packages, people) made safe to show: no control character, no terminal sequence, no
// bidirectional override, no broken UTF-8 leaves here unescaped. Rule: what hosts say is bytes, never text (threats
// G-58).
//
// Pure; every function is total over all byte strings.
#pragma once

#include <string>
#include <string_view>

namespace belay {

// Valid printable UTF-8 stays; everything else, and the backslash, becomes \xNN (\n, \t, \r keep their short names).
// `keep_newlines` leaves line feeds and tabs as they are, for text that is shown over several lines.
[[nodiscard]] std::string show(std::string_view bytes, bool keep_newlines = false);

// The path form of manifests: bytes 0x21–0x7e but the backslash stay, all others become \ooo (three octal digits). It
// is reversible, has no spaces or newlines, and is the identity on ordinary names. See plugins/kit/README.md.
[[nodiscard]] std::string encode_path(std::string_view bytes);

// Undoes encode_path. A lone backslash or a byte that encode_path would have escaped is kept as it is.
[[nodiscard]] std::string decode_path(std::string_view encoded);

// True when `bytes` is valid UTF-8 without overlong forms or surrogates.
[[nodiscard]] bool is_utf8(std::string_view bytes);

}  // namespace belay
