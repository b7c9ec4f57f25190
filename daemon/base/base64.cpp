#include "daemon/base/base64.hpp"

#include <cstdint>

namespace belay {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::string_view four = text.substr(i, 4);
    const bool last = i + 4 == text.size();
    const std::size_t used = !last || four[3] != '=' ? 4 : four[2] != '=' ? 3 : 2;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < used; ++k) {
      const std::size_t value = alphabet.find(four[k]);
      if (value == std::string_view::npos) return std::nullopt;
      group |= static_cast<std::uint32_t>(value) << (18 - 6 * k);
    }
    const std::size_t bytes = used - 1;
    if ((group & ((1u << (8 * (3 - bytes))) - 1)) != 0) return std::nullopt;
    for (std::size_t k = 0; k < bytes; ++k) out += static_cast<char>(group >> (16 - 8 * k) & 0xff);
  }
  return out;
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t used = bytes.size() - i < 3 ? bytes.size() - i : 3;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < used; ++k)
      group |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i + k])) << (16 - 8 * k);
    for (std::size_t k = 0; k < 4; ++k) out += k <= used ? alphabet[(group >> (18 - 6 * k)) & 63] : '=';
  }
  return out;
}

}  // namespace belay
