// Runs programs for tests: bytes in, bytes out, no shell between. Linux only.
//
// Failure to start is a result with status 127, not an exception. Thread-safe; each call is its own process.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace belay::test {

struct Finished {
  int status = -1;  // exit status, or 128 + signal
  std::string out;
  std::string err;
};

// A child with pipes on its three standard descriptors, in a process group of its own. Killed and reaped at the end of
// its life, so no test leaves one behind.
class Process {
 public:
  // `environment` holds NAME=VALUE words and is all the child gets.
  Process(std::vector<std::string> argv, std::vector<std::string> environment, std::string directory = "/");
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Sends `input`, closes the child's standard input, reads everything and waits.
  Finished finish(const std::string& input = "");
  // Sends bytes and leaves the input open.
  void send(const std::string& bytes);
  // SIGKILL, and reaps.
  void kill();

 private:
  int wait();

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
};

Finished run(std::vector<std::string> argv, std::vector<std::string> environment, const std::string& input = "",
             const std::string& directory = "/");

}  // namespace belay::test
