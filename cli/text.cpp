#include "cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "daemon/base/escape.hpp"

namespace belay::cli {
namespace {

// The code point at `at` and its length; text is valid UTF-8 by then (safe()).
std::pair<char32_t, std::size_t> character(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (length == 1 || at + length > text.size()) return {lead, 1};
  char32_t value = lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3fu);
  return {value, length};
}

int columns_of(char32_t c) {
  if (c >= 0x300 && c <= 0x36f) return 0;  // combining marks
  const bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
                    (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                    (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
  return wide ? 2 : 1;
}

std::tm local(std::int64_t at_ms) {
  const std::time_t seconds = at_ms / 1000;
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

std::string safe(std::string_view bytes, bool keep_newlines) {
  std::string out;
  for (;;) {
    const std::size_t at = bytes.find('\\');
    out += show(bytes.substr(0, at), keep_newlines);
    if (at == std::string_view::npos) return out;
    out += '\\';
    bytes.remove_prefix(at + 1);
  }
}

int width_of(std::string_view text) {
  int width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto [c, length] = character(text, at);
    width += columns_of(c);
    at += length;
  }
  return width;
}

std::string cut(std::string_view text, int columns, bool utf8) {
  if (columns <= 0) return {};
  if (width_of(text) <= columns) return std::string(text);
  const std::string_view mark = utf8 ? "…" : "~";
  int width = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto [c, length] = character(text, at);
    if (width + columns_of(c) > columns - 1) break;
    width += columns_of(c);
    at += length;
  }
  return std::string(text.substr(0, at)) + std::string(mark);
}

std::string fit(std::string_view text, int columns, bool utf8) {
  std::string out = cut(text, columns, utf8);
  const int missing = columns - width_of(out);
  if (missing > 0) out.append(static_cast<std::size_t>(missing), ' ');
  return out;
}

std::vector<std::string> wrapped(std::string_view text, int columns) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const std::size_t blank = text.find(' ');
    const std::string_view word = text.substr(0, blank);
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    if (word.empty()) continue;
    if (!line.empty() && width_of(line) + 1 + width_of(word) > columns) lines.push_back(std::exchange(line, {}));
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty() || lines.empty()) lines.push_back(line);
  return lines;
}

std::string duration(std::int64_t milliseconds) {
  const std::int64_t seconds = std::max<std::int64_t>(milliseconds, 0) / 1000;
  const std::int64_t minutes = seconds / 60;
  if (minutes < 60) return fmt::format("{}:{:02}", minutes, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", minutes / 60, minutes % 60, seconds % 60);
}

std::string clock_time(std::int64_t at_ms) {
  const std::tm parts = local(at_ms);
  return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string date_time(std::int64_t at_ms) {
  if (at_ms <= 0) return "-";
  const std::tm parts = local(at_ms);
  return fmt::format("{}-{:02}-{:02} {:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                     parts.tm_min);
}

std::string count_of(std::size_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

std::string names(const std::vector<std::string>& all, std::size_t most) {
  std::string out;
  const std::size_t shown = all.size() > most ? most - 1 : all.size();
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += i + 1 == all.size() ? " and " : ", ";
    out += all[i];
  }
  if (shown < all.size()) out += fmt::format(" and {} more", all.size() - shown);
  return out;
}

std::string bytes_of(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  constexpr std::string_view units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string Paint::operator()(Colour colour, std::string_view text) const {
  if (!on || colour == Colour::plain || text.empty()) return std::string(text);
  std::string_view code;
  switch (colour) {
    case Colour::plain:
      break;
    case Colour::bold:
      code = "1";
      break;
    case Colour::dim:
      code = "2";
      break;
    case Colour::green:
      code = "32";
      break;
    case Colour::yellow:
      code = "33";
      break;
    case Colour::red:
      code = "31;1";
      break;
    case Colour::cyan:
      code = "36";
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace belay::cli
