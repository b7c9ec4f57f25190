#include "tests/support/terminal/pty.hpp"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace belay::test {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

Pty::Pty(const std::vector<std::string>& argv, const std::vector<std::string>& environment, TerminalSize size)
    : screen_(size.columns, size.rows) {
  std::vector<char*> words = pointers(argv);
  std::vector<char*> variables = pointers(environment);
  winsize window{};
  window.ws_col = static_cast<unsigned short>(size.columns);
  window.ws_row = static_cast<unsigned short>(size.rows);
  const pid_t parent = getpid();
  pid_ = forkpty(&fd_, nullptr, nullptr, &window);
  if (pid_ < 0) throw std::runtime_error("no terminal to be had");
  if (pid_ != 0) return;
  // Nothing may outlive a test that crashes.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  execvpe(words[0], words.data(), variables.data());
  _exit(127);
}

Pty::~Pty() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(fd_);
}

bool Pty::read_some() {
  pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
  if (poll(&waiting, 1, 100) == 0) return true;
  std::array<char, 4096> buffer{};
  // EIO: nobody has the other side open any more.
  const ssize_t got = read(fd_, buffer.data(), buffer.size());
  if (got <= 0) return false;
  const std::string_view piece(buffer.data(), static_cast<std::size_t>(got));
  bytes_ += piece;
  screen_.feed(piece);
  return true;
}

bool Pty::until(const std::function<bool(const Screen&)>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!condition(screen_))
    if (!read_some() || std::chrono::steady_clock::now() > end) return condition(screen_);
  return true;
}

int Pty::finish() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  while (read_some())
    if (std::chrono::steady_clock::now() > end) ::kill(pid_, SIGKILL);
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Pty::type(const std::string& keys) const {
  if (write(fd_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size()))
    throw std::runtime_error("the terminal takes no keys");
}

}  // namespace belay::test
