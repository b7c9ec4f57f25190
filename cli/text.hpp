// Words on a terminal: made safe, measured, fitted, coloured.
//
// What comes from hosts, packages and people is bytes. The daemon has escaped some of it already (with backslashes), so
// safe() leaves backslashes alone and escapes all that could move a cursor or hide text: it may be used twice (threats
// G-58). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace belay::cli {

// belay::show, but a backslash stays one backslash. One line unless `keep_newlines`.
[[nodiscard]] std::string safe(std::string_view bytes, bool keep_newlines = false);

// Columns that valid UTF-8 text takes on a terminal, one per character (two for East Asian wide ones).
[[nodiscard]] int width_of(std::string_view text);

// Exactly `columns` wide: padded with blanks, or cut with an ellipsis.
[[nodiscard]] std::string fit(std::string_view text, int columns, bool utf8 = true);
// At most `columns` wide.
[[nodiscard]] std::string cut(std::string_view text, int columns, bool utf8 = true);

// Breaks at blanks into lines of at most `columns`; a longer word stands alone on its line.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, int columns);

// "0:07", "12:30", "1:02:03".
[[nodiscard]] std::string duration(std::int64_t milliseconds);
// Local time of day "12:00:03", and with the date "2026-11-22 12:00".
[[nodiscard]] std::string clock_time(std::int64_t at_ms);
[[nodiscard]] std::string date_time(std::int64_t at_ms);
// "1 host", "3 hosts".
[[nodiscard]] std::string count_of(std::size_t number, std::string_view one, std::string_view many);
// "a, b and 3 more" with at most `most` names.
[[nodiscard]] std::string names(const std::vector<std::string>& all, std::size_t most = 4);
// "1.2 MiB"
[[nodiscard]] std::string bytes_of(std::uint64_t bytes);

enum class Colour : std::uint8_t { plain, bold, dim, green, yellow, red, cyan };

// Colours only where they are wanted.
struct Paint {
  bool on = false;
  [[nodiscard]] std::string operator()(Colour colour, std::string_view text) const;
};

}  // namespace belay::cli
