// Server-sent events as they come off the wire, in pieces of any size (WHATWG HTML, "Server-sent events"). Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace belay::cli {

struct SseEvent {
  std::string id;
  std::string type;
  std::string data;
};

class SseParser {
 public:
  // `on_event` gets each event that has data; it returns false to stop listening. feed() then returns false too.
  explicit SseParser(std::function<bool(const SseEvent&)> on_event) : on_event_(std::move(on_event)) {}

  // False when the listener has had enough, or a line is longer than any event of ours (1 MiB).
  [[nodiscard]] bool feed(std::string_view piece);

 private:
  bool line(std::string_view text);

  std::function<bool(const SseEvent&)> on_event_;
  std::string rest_;
  SseEvent event_;
};

}  // namespace belay::cli
