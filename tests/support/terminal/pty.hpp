// Pty: a program on a terminal of its own, as a person would have it in front of them.
//
// What it writes goes to a Screen while until() or finish() wait; a program that nobody waits for may come to stand
// still when the terminal's buffer is full. Still running when it goes, it is killed and reaped. Throws
// std::runtime_error when there is no terminal to be had; a program that cannot be started ends with 127. One thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/terminal/screen.hpp"

namespace belay::test {

struct TerminalSize {
  int columns = 100;
  int rows = 30;
};

class Pty {
 public:
  // `environment` holds NAME=VALUE words and is all the program gets.
  Pty(const std::vector<std::string>& argv, const std::vector<std::string>& environment, TerminalSize size);
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;
  ~Pty();

  // Reads until `condition` holds of what is on the screen: false when the program ended or two minutes went before.
  bool until(const std::function<bool(const Screen&)>& condition);
  // Reads to the program's end, at most five minutes (then it is killed): exit status, or 128 + signal.
  int finish();
  // What a person types.
  void type(const std::string& keys) const;

  [[nodiscard]] const Screen& screen() const { return screen_; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }  // everything that was written

 private:
  bool read_some();  // false at the end

  Screen screen_;
  std::string bytes_;
  int fd_ = -1;
  pid_t pid_ = -1;
};

}  // namespace belay::test
