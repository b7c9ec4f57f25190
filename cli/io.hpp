// Where the command reads its surroundings and writes its words: handed in, so that tests see exactly what a person
// sees.
//
// Answers go to `out`, messages to `err`. One thread.
#pragma once

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

namespace belay::cli {

struct Io {
  std::ostream& out;
  std::ostream& err;
  bool terminal = false;  // `out` is a terminal that understands ANSI: progress is redrawn in place
  bool colour = false;    // terminal, and NO_COLOR is not set
  bool utf8 = false;      // the locale's characters are UTF-8: bars and rules may be drawn with them
  std::function<std::pair<int, int>()> size = [] {
    return std::pair{80, 24};
  };  // columns and rows, asked anew each time
  std::function<std::optional<std::string>(const char*)> env = [](const char*) { return std::nullopt; };
};

// The real surroundings: std::cout, std::cerr, the terminal, the environment.
[[nodiscard]] Io real_io();

// True once SIGINT came: whoever waits then stops waiting. The run goes on without us.
void catch_interrupts();
[[nodiscard]] bool interrupted();

}  // namespace belay::cli
