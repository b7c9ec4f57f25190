#include "tests/property/journal/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <stdexcept>

extern char** environ;

namespace belay::store::testing {

Child::Child(const std::filesystem::path& state, const std::string& run, const std::vector<std::string>& more) {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  out_ = out[0];
  err_ = err[0];
  std::vector<std::string> words{JOURNAL_CHILD, state.string(), run};
  words.insert(words.end(), more.begin(), more.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  const int failed = ::posix_spawn(&pid_, JOURNAL_CHILD, &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  ::close(err[1]);
  if (failed != 0) throw std::runtime_error("cannot start journal_child");
}

Child::~Child() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(out_);
  ::close(err_);
}

bool Child::read_some(int milliseconds) {
  std::array<pollfd, 1> polled{pollfd{out_, POLLIN, 0}};
  if (::poll(polled.data(), 1, milliseconds) <= 0) return true;
  std::array<char, 65536> bytes;
  const ssize_t count = ::read(out_, bytes.data(), bytes.size());
  if (count <= 0) return false;
  partial_.append(bytes.data(), static_cast<std::size_t>(count));
  for (std::size_t end = 0; (end = partial_.find('\n')) != std::string::npos; partial_.erase(0, end + 1)) {
    std::size_t after = 0;
    const unsigned long seq = std::stoul(partial_, &after);
    acknowledged_[seq] = partial_.substr(after + 1, end - after - 1);
  }
  return true;
}

void Child::listen(std::size_t count, int milliseconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  while (acknowledged_.size() < count) {
    const auto rest =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (rest.count() <= 0 || !read_some(static_cast<int>(rest.count()))) return;
  }
}

void Child::drain() {
  while (read_some(-1)) {
  }
  std::array<char, 4096> bytes;
  for (ssize_t count = 0; (count = ::read(err_, bytes.data(), bytes.size())) > 0;)
    complaint_.append(bytes.data(), static_cast<std::size_t>(count));
}

void Child::kill() {
  ::kill(pid_, SIGKILL);
  (void)wait();
}

int Child::wait() {
  drain();
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return status;
}

}  // namespace belay::store::testing
