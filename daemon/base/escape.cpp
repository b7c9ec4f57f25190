#include "daemon/base/escape.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace belay {
namespace {

// Length of the valid UTF-8 sequence at the start of `s`, its code point in `point`; 0 when there is none.
std::size_t decode(std::string_view s, std::uint32_t& point) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(s[i]); };
  const auto tail = [&](std::size_t i) { return i < s.size() && (at(i) & 0xc0) == 0x80; };
  const std::uint8_t lead = at(0);
  if (lead < 0x80) return point = lead, 1;
  if (lead >= 0xc2 && lead <= 0xdf && tail(1)) return point = (lead & 0x1fu) << 6 | (at(1) & 0x3fu), 2;
  if (lead >= 0xe0 && lead <= 0xef && tail(1) && tail(2)) {
    point = (lead & 0x0fu) << 12 | (at(1) & 0x3fu) << 6 | (at(2) & 0x3fu);
    return point < 0x800 || (point >= 0xd800 && point <= 0xdfff) ? 0 : 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4 && tail(1) && tail(2) && tail(3)) {
    point = (lead & 0x07u) << 18 | (at(1) & 0x3fu) << 12 | (at(2) & 0x3fu) << 6 | (at(3) & 0x3fu);
    return point < 0x10000 || point > 0x10ffff ? 0 : 4;
  }
  return 0;
}

// Controls (C0, DEL, C1), line and paragraph separators, bidirectional marks and overrides, zero-width and BOM.
bool is_unsafe(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x200b && point <= 0x200f) ||
         (point >= 0x2028 && point <= 0x202e) || (point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
         (point >= 0xfff0 && point <= 0xfffb) || point == 0x061c || (point >= 0xe0000 && point <= 0xe0fff);
}

}  // namespace

std::string show(std::string_view bytes, bool keep_newlines) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    std::uint32_t point = 0;
    const std::size_t length = decode(bytes, point);
    const char c = bytes[0];
    if (keep_newlines && (c == '\n' || c == '\t')) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\\') {
      out += "\\\\";
    } else if (length > 0 && !is_unsafe(point)) {
      out.append(bytes.substr(0, length));
    } else {
      for (char raw : bytes.substr(0, length == 0 ? 1 : length))
        out += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(raw));
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string encode_path(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte >= 0x21 && byte <= 0x7e && c != '\\')
      out += c;
    else
      out += fmt::format("\\{:03o}", byte);
  }
  return out;
}

std::string decode_path(std::string_view encoded) {
  const auto octal = [&](std::size_t i) { return i < encoded.size() && encoded[i] >= '0' && encoded[i] <= '7'; };
  std::string out;
  out.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3) && encoded[i + 1] <= '3') {
      out += static_cast<char>((encoded[i + 1] - '0') << 6 | (encoded[i + 2] - '0') << 3 | (encoded[i + 3] - '0'));
      i += 3;
    } else {
      out += encoded[i];
    }
  }
  return out;
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    std::uint32_t point = 0;
    const std::size_t length = decode(bytes, point);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace belay
