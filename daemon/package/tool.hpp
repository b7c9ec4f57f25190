// Runs one program of the system: fixed path, arguments as a list, an environment made from nothing, input fed and
// output read through pipes, a deadline. No shell anywhere.
//
// Blocks its thread until the program has ended; a program that passes its deadline is killed and reaped. Output beyond
// 64 KiB per stream is read and dropped.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay::package {

struct Tool {
  std::vector<std::string> argv;         // argv[0] is the absolute path
  std::vector<std::string> environment;  // all of it, "NAME=value"
  // Fills the buffer with more standard input; 0 at its end. Empty function: no input.
  std::function<Result<std::size_t>(char* to, std::size_t size)> input;
  std::vector<int> descriptors;  // become 3, 4, … in the program
  std::chrono::milliseconds deadline{std::chrono::minutes(2)};
};

struct ToolResult {
  int status = 0;  // exit status; 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

// Kind::not_found when there is no such program, Kind::timeout, Kind::io, or the error of `input`.
[[nodiscard]] Result<ToolResult> run_tool(const Tool& tool);

}  // namespace belay::package
