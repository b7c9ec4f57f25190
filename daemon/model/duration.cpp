#include "daemon/model/duration.hpp"

#include <charconv>
#include <string>

namespace belay {

Result<int> parse_duration(const Value& value) {
  constexpr std::int64_t longest = 7 * 24 * 3600;
  const auto text = value.as_text().value_or("");
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  const auto got = std::from_chars(text.data(), end, count);
  const std::string_view unit(got.ptr, static_cast<std::size_t>(end - got.ptr));
  std::int64_t factor = 0;
  if (unit.empty() || unit == "s") factor = 1;
  if (unit == "m") factor = 60;
  if (unit == "h") factor = 3600;
  if (got.ec != std::errc() || factor == 0 || count < 0 || count > longest / factor) {
    return fail(Kind::invalid, "this is no time of at most 7 days", "Write it as 30s, 5m or 1h.", value.place);
  }
  return static_cast<int>(count * factor);
}

}  // namespace belay
