#include "cli/sse.hpp"

#include <utility>

namespace belay::cli {
namespace {

constexpr std::size_t longest_line = 1u << 20;

}  // namespace

bool SseParser::feed(std::string_view piece) {
  rest_ += piece;
  std::size_t begin = 0;
  for (std::size_t end = rest_.find('\n', begin); end != std::string::npos; end = rest_.find('\n', begin)) {
    std::string_view text(rest_.data() + begin, end - begin);
    if (text.ends_with('\r')) text.remove_suffix(1);
    begin = end + 1;
    if (!line(text)) return false;
  }
  rest_.erase(0, begin);
  return rest_.size() <= longest_line;
}

bool SseParser::line(std::string_view text) {
  if (text.empty()) {
    const SseEvent event = std::exchange(event_, SseEvent{event_.id, {}, {}});
    return event.data.empty() || on_event_(event);
  }
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "id") event_.id = value;
  if (name == "event") event_.type = value;
  if (name == "data") {
    if (!event_.data.empty()) event_.data += '\n';
    event_.data += value;
  }
  return true;
}

}  // namespace belay::cli
