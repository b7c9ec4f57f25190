#include "tests/support/terminal/screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace belay::test {

namespace {

// Length of the UTF-8 character that begins with `first`; 0 when none does.
std::size_t length_of(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  if (first >= 0xf0 && first < 0xf5) return 4;
  return 0;
}

// Characters that move, hide or turn round what stands beside them.
bool deceives(std::string_view character) {
  const bool c1 = character.size() == 2 && character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa0;
  const bool bidi = (character >= "\xe2\x80\xaa" && character <= "\xe2\x80\xae") ||
                    (character >= "\xe2\x81\xa6" && character <= "\xe2\x81\xa9") || character == "\xe2\x80\x8e" ||
                    character == "\xe2\x80\x8f";
  return c1 || bidi;
}

}  // namespace

void Screen::feed(std::string_view bytes) {
  rest_ += bytes;
  std::size_t done = 0;
  while (done < rest_.size()) {
    const std::size_t taken = take(std::string_view(rest_).substr(done));
    if (taken == 0) break;
    done += taken;
  }
  rest_.erase(0, done);
}

std::size_t Screen::take(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  if (first == '\x1b') return take_sequence(bytes);
  if (first == '\n') {
    ++at_;
    if (at_ == cells_.size()) cells_.emplace_back();
    if (at_ - top_ >= static_cast<std::size_t>(rows_)) ++top_;
    return 1;
  }
  if (first == '\r') {
    column_ = 0;
    return 1;
  }
  const std::size_t length = length_of(first);
  if (first < 0x20 || first == 0x7f || length == 0) {
    refuse(bytes.substr(0, 1));
    return 1;
  }
  if (bytes.size() < length) return 0;
  const std::string_view character = bytes.substr(0, length);
  const bool whole =
      std::ranges::all_of(character.substr(1), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; });
  if (!whole) {
    refuse(bytes.substr(0, 1));
    return 1;
  }
  if (deceives(character))
    refuse(character);
  else
    put(character);
  return length;
}

std::size_t Screen::take_sequence(std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  if (bytes[1] != '[') {
    refuse(bytes.substr(0, 2));
    return 2;
  }
  const std::size_t end =
      static_cast<std::size_t>(std::ranges::find_if(bytes.substr(2), [](char c) { return c >= '@' && c <= '~'; }) -
                               bytes.substr(2).begin()) +
      2;
  if (end >= bytes.size()) return 0;
  const std::string parameters(bytes.substr(2, end - 2));
  const std::string_view whole = bytes.substr(0, end + 1);
  if (whole == "\x1b[?25l" || whole == "\x1b[?25h")
    cursor_visible_ = whole.back() == 'h';
  else if (std::ranges::all_of(parameters, [](char c) { return (c >= '0' && c <= '9') || c == ';'; }) &&
           std::string_view("AJKm").contains(whole.back()))
    control(whole.back(), std::atoi(parameters.c_str()));
  else
    refuse(whole);
  return end + 1;
}

void Screen::control(char what, int number) {
  switch (what) {
    case 'A':
      redrawn_ = true;
      at_ = std::max(top_, at_ - std::min(at_, static_cast<std::size_t>(std::max(number, 1))));
      break;
    case 'J':
      cells_.resize(at_ + 1);
      [[fallthrough]];
    case 'K':
      if (row().size() > column_) row().resize(column_);
      break;
    default:  // 'm'
      styled_ = number != 0;
      coloured_ |= styled_;
  }
}

void Screen::put(std::string_view character) {
  if (column_ >= static_cast<std::size_t>(columns_)) {
    wraps_ += cursor_visible_ ? 0 : 1;
    take("\n");
    column_ = 0;
  }
  if (row().size() <= column_) row().resize(column_ + 1, " ");
  row()[column_++] = character;
}

void Screen::refuse(std::string_view bytes) {
  std::string shown;
  for (const char c : bytes) shown += fmt::format("{:02x} ", static_cast<unsigned char>(c));
  foreign_.push_back(shown);
}

std::vector<std::string>& Screen::row() { return cells_[at_]; }

std::vector<std::string> Screen::lines() const {
  std::vector<std::string> out;
  for (const auto& cells : cells_) {
    std::string text;
    for (const std::string& cell : cells) text += cell;
    text.erase(text.find_last_not_of(' ') + 1);
    out.push_back(std::move(text));
  }
  while (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

std::string Screen::line(std::string_view text) const {
  for (const std::string& line : lines())
    if (line.starts_with(text)) return line;
  return {};
}

}  // namespace belay::test
