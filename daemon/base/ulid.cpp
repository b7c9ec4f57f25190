#include "daemon/base/ulid.hpp"

#include <openssl/rand.h>

#include <vector>

#include "daemon/base/check.hpp"

namespace belay {
namespace {
constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
}

std::string make_ulid(std::uint64_t milliseconds, const std::array<std::uint8_t, 10>& random) {
  std::string out(26, '0');
  for (int i = 9; i >= 0; --i) {
    out[static_cast<std::size_t>(i)] = alphabet[milliseconds & 31];
    milliseconds >>= 5;
  }
  // 80 random bits are sixteen groups of five.
  unsigned bits = 0;
  int held = 0;
  std::size_t at = 10;
  for (std::uint8_t byte : random) {
    bits = bits << 8 | byte;
    held += 8;
    while (held >= 5) {
      held -= 5;
      out[at++] = alphabet[bits >> held & 31];
    }
  }
  return out;
}

bool is_ulid(std::string_view text) {
  return text.size() == 26 && text[0] <= '7' && text.find_first_not_of(alphabet) == std::string_view::npos;
}

std::array<std::uint8_t, 10> random_ten() {
  std::array<std::uint8_t, 10> out{};
  BELAY_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
  return out;
}

std::string random_hex(std::size_t bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::vector<unsigned char> raw(bytes);
  BELAY_CHECK(RAND_bytes(raw.data(), static_cast<int>(bytes)) == 1);
  std::string out;
  for (unsigned char byte : raw) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace belay
