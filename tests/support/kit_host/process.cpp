#include "tests/support/kit_host/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <tuple>
#include <utility>

namespace belay::test {
namespace {

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Process::Process(std::vector<std::string> argv, std::vector<std::string> environment, std::string directory) {
  std::array<std::array<int, 2>, 3> pipes{};
  for (auto& pair : pipes) {
    if (::pipe2(pair.data(), O_CLOEXEC) != 0) return;
  }
  std::vector<char*> words = pointers(argv);
  std::vector<char*> variables = pointers(environment);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::setpgid(0, 0);
    ::dup2(pipes[0][0], 0);
    ::dup2(pipes[1][1], 1);
    ::dup2(pipes[2][1], 2);
    // A test that reads a pipe to its end must see the end: nothing else may be inherited.
    ::signal(SIGPIPE, SIG_DFL);
    if (::chdir(directory.c_str()) == 0) ::execve(words[0], words.data(), variables.data());
    ::_exit(127);
  }
  ::close(pipes[0][0]);
  ::close(pipes[1][1]);
  ::close(pipes[2][1]);
  in_ = pipes[0][1];
  out_ = pipes[1][0];
  err_ = pipes[2][0];
}

Process::~Process() { kill(); }

void Process::send(const std::string& bytes) {
  struct sigaction ignore{};
  struct sigaction before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = ::write(in_, bytes.data() + sent, bytes.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    sent += static_cast<std::size_t>(n);
  }
  ::sigaction(SIGPIPE, &before, nullptr);
}

Finished Process::finish(const std::string& input) {
  Finished result;
  if (pid_ < 0) return {127, "", "could not fork"};
  struct sigaction ignore{};
  struct sigaction before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  std::size_t sent = 0;
  if (input.empty()) {
    close_fd(in_);
  } else {
    ::fcntl(in_, F_SETFL, O_NONBLOCK);
  }
  std::array<char, 65536> buffer{};
  while (out_ >= 0 || err_ >= 0) {
    std::array<pollfd, 3> fds{{{in_, POLLOUT, 0}, {out_, POLLIN, 0}, {err_, POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) break;
    if (in_ >= 0 && fds[0].revents != 0) {
      const ssize_t n = ::write(in_, input.data() + sent, input.size() - sent);
      if (n > 0) sent += static_cast<std::size_t>(n);
      if ((n < 0 && errno != EAGAIN && errno != EINTR) || sent == input.size()) close_fd(in_);
    }
    for (auto [fd, text, events] :
         {std::tuple{&out_, &result.out, fds[1].revents}, std::tuple{&err_, &result.err, fds[2].revents}}) {
      if (*fd < 0 || events == 0) continue;
      const ssize_t n = ::read(*fd, buffer.data(), buffer.size());
      if (n > 0) text->append(buffer.data(), static_cast<std::size_t>(n));
      if (n == 0 || (n < 0 && errno != EINTR)) close_fd(*fd);
    }
  }
  ::sigaction(SIGPIPE, &before, nullptr);
  close_fd(in_);
  result.status = wait();
  return result;
}

int Process::wait() {
  if (pid_ < 0) return -1;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Process::kill() {
  close_fd(in_);
  close_fd(out_);
  close_fd(err_);
  if (pid_ < 0) return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  wait();
}

Finished run(std::vector<std::string> argv, std::vector<std::string> environment, const std::string& input,
             const std::string& directory) {
  return Process(std::move(argv), std::move(environment), directory).finish(input);
}

}  // namespace belay::test
