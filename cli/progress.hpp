// What a run looks like while it runs: one line per host for a terminal, one line per event for a pipe. Pure: views in,
// lines out; painting them is painter.hpp's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/text.hpp"
#include "cli/view.hpp"

namespace belay::cli {

// When each host began and was last heard of, from the events.
struct Times {
  std::int64_t began_ms = 0;
  std::int64_t last_ms = 0;
};

struct Canvas {
  int columns = 80;
  int rows = 24;
  bool utf8 = true;
  Paint paint;
};

// "deploy permits-portal 1.2 to production  going forward, batch 2 of 3  0:42" and a line per host:
// "web1  ████████░░░░  3/6  0:12  Configure  applying". No line is wider than the canvas. When there are more hosts
// than rows, those that need eyes come first and the last line counts the rest.
[[nodiscard]] std::vector<std::string> progress_lines(const RunView& view, const std::map<std::string, Times>& times,
                                                      std::int64_t now_ms, const Canvas& canvas);

// "12:00:03 web1  step 3/6 Configure  applied"; nothing for events that tell a person nothing.
[[nodiscard]] std::optional<std::string> event_line(const EventView& event, const RunView& view, const Paint& paint);

// Steps a host has behind it, of how many.
struct Done {
  int steps = 0;
  int of = 0;
  int current = 0;    // ordinal of the step it is at; 0: none
  std::string phase;  // of that step
};
[[nodiscard]] Done done_of(const HostView& host);

}  // namespace belay::cli
