#include "cli/io.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace belay::cli {
namespace {

volatile std::sig_atomic_t interrupt_seen = 0;

std::optional<std::string> from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

bool utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto value = from_environment(name);
    if (!value || value->empty()) continue;
    return value->find("UTF-8") != std::string::npos || value->find("utf8") != std::string::npos;
  }
  return false;
}

std::pair<int, int> terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {80, 24};
  return {size.ws_col, size.ws_row == 0 ? 24 : size.ws_row};
}

}  // namespace

Io real_io() {
  const auto term = from_environment("TERM");
  const bool terminal = ::isatty(STDOUT_FILENO) == 1 && term && *term != "dumb";
  const auto no_colour = from_environment("NO_COLOR");
  return Io{std::cout,     std::cerr,     terminal,        terminal && (!no_colour || no_colour->empty()),
            utf8_locale(), terminal_size, from_environment};
}

void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = [](int) { interrupt_seen = 1; };
  sigemptyset(&action.sa_mask);
  // The second Ctrl-C is the system's own.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  // A reader that goes away (`| head`) ends the writing, not the program with a signal.
  ::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() { return interrupt_seen != 0; }

}  // namespace belay::cli
