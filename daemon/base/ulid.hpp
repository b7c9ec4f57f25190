// ULIDs: ids that sort by the time they were made, 26 characters of Crockford's base 32.
//
// Making one needs time and randomness, so it is done at the edge (Clock and Random are handed in); reading and
// comparing are pure. Used for runs and changes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace belay {

// `milliseconds` since the Unix epoch (48 bits are used), `random` ten random bytes.
[[nodiscard]] std::string make_ulid(std::uint64_t milliseconds, const std::array<std::uint8_t, 10>& random);

// True for 26 upper-case characters of the alphabet whose first is at most '7'.
[[nodiscard]] bool is_ulid(std::string_view text);

// Ten bytes from the kernel's generator.
[[nodiscard]] std::array<std::uint8_t, 10> random_ten();

// `bytes` random bytes as lower-case hex: nonces and temporary names.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace belay
