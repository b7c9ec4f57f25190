#include "daemon/wire/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/base/escape.hpp"

namespace belay::wire {
namespace {

constexpr std::string_view save_as = "Save the file as plain UTF-8 text.";

// The bytes of the UTF-8 sequence that `lead` begins; 1 for anything that begins none (is_utf8 then says no).
std::size_t sequence_length(unsigned char lead) {
  if (lead >= 0xF0) return 4;
  if (lead >= 0xE0) return 3;
  if (lead >= 0xC0) return 2;
  return 1;
}

std::size_t first_bad_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = sequence_length(static_cast<unsigned char>(bytes[at]));
    if (!is_utf8(bytes.substr(at, length)) || at + length > bytes.size()) return at;
    at += length;
  }
  return bytes.size();
}

bool allowed_control(std::string_view bytes, std::size_t at) {
  const char c = bytes[at];
  return c == '\n' || c == '\t' || (c == '\r' && bytes.substr(at + 1).starts_with('\n'));
}

}  // namespace

Result<void> check_text(std::string_view bytes, const std::string& file, std::size_t max_bytes) {
  if (bytes.size() > max_bytes) {
    return fail(Kind::invalid, fmt::format("the file has {} bytes, at most {} are read", bytes.size(), max_bytes),
                "Move large contents into payload files.", Place{file, 0, 0});
  }
  const bool utf16 = bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF");
  const bool zeros = bytes.size() >= 2 && (bytes[0] == 0) != (bytes[1] == 0);
  if (utf16 || zeros) {
    return fail(Kind::invalid, "the file is UTF-16 or UTF-32, not UTF-8", std::string(save_as), Place{file, 1, 1});
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) {
    return fail(Kind::invalid, "the file begins with a byte order mark",
                "Save the file as UTF-8 without a byte order mark.", Place{file, 1, 1});
  }
  if (!is_utf8(bytes)) {
    return fail(Kind::invalid, "the file is not valid UTF-8 here", std::string(save_as),
                Lines(bytes, file).at(first_bad_utf8(bytes)));
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const auto c = static_cast<unsigned char>(bytes[at]);
    if ((c < 0x20 || c == 0x7F) && !allowed_control(bytes, at)) {
      return fail(Kind::invalid, fmt::format("there is a control character (0x{:02x}) here", unsigned{c}),
                  "Remove it, or write it as an escape in a double-quoted text.", Lines(bytes, file).at(at));
    }
  }
  return {};
}

Lines::Lines(std::string_view text, std::string file) : text_(text), file_(std::move(file)), starts_{0} {
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) starts_.push_back(at + 1);
}

Place Lines::at(std::size_t offset) {
  offset = std::min(offset, text_.size());
  const auto after = std::ranges::upper_bound(starts_, offset);
  const std::size_t start = *std::prev(after);
  if (last_offset_ < start || last_offset_ > offset) {
    last_offset_ = start;
    last_column_ = 1;
  }
  for (char c : text_.substr(last_offset_, offset - last_offset_)) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++last_column_;
  }
  last_offset_ = offset;
  return Place{file_, static_cast<int>(after - starts_.begin()), last_column_};
}

}  // namespace belay::wire
