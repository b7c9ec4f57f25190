// Surroundings for tests: what was written, and an environment of the test's own.
#pragma once

#include <map>
#include <sstream>
#include <string>

#include "cli/command.hpp"
#include "daemon/base/escape.hpp"

namespace belay::cli::test {

struct RecordedIo {
  std::ostringstream out;
  std::ostringstream err;
  std::map<std::string, std::string> environment{{"BELAY_SOCKET", "/nowhere/belayd.sock"}};
  Io io{out,
        err,
        false,
        false,
        true,
        [] { return std::pair{80, 24}; },
        [this](const char* name) {
          const auto found = environment.find(name);
          return found == environment.end() ? std::nullopt : std::optional(found->second);
        }};
};

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

inline Outcome belay(const std::vector<std::string>& arguments) {
  RecordedIo recorded;
  const int code = run(arguments, recorded.io);
  return {code, recorded.out.str(), recorded.err.str()};
}

// Bytes that would do something to a terminal or hide text.
inline const std::string hostile =
    "\x1b[2J\x1b]0;owned\x07\r\n\x9b"
    "31m\xe2\x80\xae\xff end";

inline bool is_harmless(const std::string& text) {
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f) return false;
  }
  return is_utf8(text) && text.find("\xe2\x80\xae") == std::string::npos && text.find("\xc2\x9b") == std::string::npos;
}

}  // namespace belay::cli::test
