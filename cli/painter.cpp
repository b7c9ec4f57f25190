#include "cli/painter.hpp"

#include <fmt/format.h>

namespace belay::cli {

Painter::~Painter() { keep(); }

std::string Painter::erase() const { return drawn_ == 0 ? std::string() : fmt::format("\x1b[{}A\r\x1b[J", drawn_); }

void Painter::draw(const std::vector<std::string>& lines) {
  // One write per frame, or the terminal flickers.
  std::string frame = hidden_ ? "" : "\x1b[?25l";
  hidden_ = true;
  frame += erase();
  for (const std::string& line : lines) frame += line + "\x1b[K\n";
  drawn_ = lines.size();
  io_.out << frame << std::flush;
}

void Painter::above(const std::string& line) {
  io_.out << erase() << line << '\n' << std::flush;
  drawn_ = 0;
}

void Painter::keep() {
  drawn_ = 0;
  if (hidden_) io_.out << "\x1b[?25h" << std::flush;
  hidden_ = false;
}

}  // namespace belay::cli
