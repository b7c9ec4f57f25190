#include "plugins/transport/ssh/wire.hpp"

#include <algorithm>

namespace belay::ssh {

std::string_view Reader::raw(std::size_t size) {
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const auto value = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return value;
}

std::uint8_t Reader::byte() {
  const auto bytes = raw(1);
  return bytes.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes[0]);
}

std::uint32_t Reader::u32() {
  std::uint32_t value = 0;
  for (const char c : raw(4)) value = (value << 8) | static_cast<std::uint8_t>(c);
  return value;
}

std::string_view Reader::string() { return raw(u32()); }

void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

void put_string(std::string& out, std::string_view value) {
  put_u32(out, static_cast<std::uint32_t>(value.size()));
  out += value;
}

void put_mpint(std::string& out, std::string_view number) {
  while (!number.empty() && number.front() == '\0') number.remove_prefix(1);
  const bool padded = !number.empty() && (static_cast<std::uint8_t>(number.front()) & 0x80) != 0;
  put_u32(out, static_cast<std::uint32_t>(number.size() + (padded ? 1 : 0)));
  if (padded) out.push_back('\0');
  out += number;
}

std::string_view key_type(std::string_view blob) {
  Reader reader(blob);
  return reader.string();
}

std::vector<std::string> split(std::string_view list, char separator) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const auto end = std::min(list.find(separator), list.size());
    if (end > 0) words.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return words;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
  std::string out;
  for (const auto& word : words) {
    if (!out.empty()) out += separator;
    out += word;
  }
  return out;
}

}  // namespace belay::ssh
