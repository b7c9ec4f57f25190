// Redraws a block of lines in place on a terminal with plain ANSI: cursor up, erase line. One thread.
#pragma once

#include <string>
#include <vector>

#include "cli/io.hpp"

namespace belay::cli {

class Painter {
 public:
  explicit Painter(Io& io) : io_(io) {}
  // Whatever happens, the cursor is visible again.
  ~Painter();
  Painter(const Painter&) = delete;
  Painter& operator=(const Painter&) = delete;

  // Replaces the block drawn before. Lines must not be wider than the terminal.
  void draw(const std::vector<std::string>& lines);
  // Writes a line above the block; the block follows with the next draw.
  void above(const std::string& line);
  // Leaves the block where it is; a later draw begins a new one.
  void keep();

 private:
  std::string erase() const;

  Io& io_;
  std::size_t drawn_ = 0;
  bool hidden_ = false;
};

}  // namespace belay::cli
