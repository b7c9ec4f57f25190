#include "daemon/package/tool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "daemon/base/check.hpp"
#include "daemon/package/files.hpp"

namespace belay::package {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t most_output = 65536;

// Our side and the program's side; both above 9, so that handing them over as 0, 1, 2, 3, … overwrites none of them.
struct Channel {
  Fd ours;
  Fd theirs;
};

Result<Fd> high(int fd) {
  Fd low(fd);
  Fd copy(::fcntl(low.get(), F_DUPFD_CLOEXEC, 10));
  if (!copy.valid()) return io_error("duplicate", "a descriptor");
  return copy;
}

// A socket pair, not a pipe: writing to a program that has gone must not raise SIGPIPE in a daemon.
Result<Channel> channel() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return io_error("make", "a socket pair");
  Channel out;
  BELAY_TRY(out.ours, high(pair[0]));
  BELAY_TRY(out.theirs, high(pair[1]));
  return out;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));  // exec's old signature
  out.push_back(nullptr);
  return out;
}

class SpawnSettings {
 public:
  SpawnSettings() {
    BELAY_CHECK(::posix_spawn_file_actions_init(&actions) == 0);
    BELAY_CHECK(::posix_spawnattr_init(&attributes) == 0);
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    BELAY_CHECK(::posix_spawnattr_setsigdefault(&attributes, &all) == 0);
    BELAY_CHECK(::posix_spawnattr_setsigmask(&attributes, &none) == 0);
    BELAY_CHECK(::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) == 0);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  void hand(const Fd& fd, int as) { BELAY_CHECK(::posix_spawn_file_actions_adddup2(&actions, fd.get(), as) == 0); }

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

// A started program: killed and reaped unless it was waited for.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The status once it has ended; nullopt when it has not by `until`.
  std::optional<int> wait(Clock::time_point until) {
    for (;;) {
      int status = 0;
      const pid_t got = ::waitpid(pid_, &status, WNOHANG);
      if (got == pid_) {
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
      if (Clock::now() >= until) return std::nullopt;
      ::poll(nullptr, 0, 2);
    }
  }

 private:
  pid_t pid_;
};

class Conversation {
 public:
  Conversation(const Tool& tool, Clock::time_point until) : tool_(tool), until_(until) {}

  Result<ToolResult> run() {
    BELAY_TRY(Channel in, channel());
    BELAY_TRY(Channel out, channel());
    BELAY_TRY(Channel err, channel());
    SpawnSettings settings;
    settings.hand(in.theirs, 0);
    settings.hand(out.theirs, 1);
    settings.hand(err.theirs, 2);
    std::vector<Fd> handed;
    for (int descriptor : tool_.descriptors) {
      BELAY_TRY(Fd copy, high(::fcntl(descriptor, F_DUPFD_CLOEXEC, 10)));
      handed.push_back(std::move(copy));
      settings.hand(handed.back(), 2 + static_cast<int>(handed.size()));
    }
    pid_t pid = 0;
    const int failed = ::posix_spawn(&pid, tool_.argv[0].c_str(), &settings.actions, &settings.attributes,
                                     pointers(tool_.argv).data(), pointers(tool_.environment).data());
    if (failed != 0) {
      errno = failed;
      return io_error("run", tool_.argv[0]);
    }
    Child child(pid);
    in.theirs.reset();
    out.theirs.reset();
    err.theirs.reset();
    BELAY_TRYV(talk(in.ours, out.ours, err.ours));
    auto status = child.wait(until_);
    if (!status) return late();
    result_.status = *status;
    return std::move(result_);
  }

 private:
  std::unexpected<Error> late() const {
    return fail(Kind::timeout, fmt::format("{} did not end in time", tool_.argv[0]),
                "Try again; look at the system's load.");
  }

  Result<void> talk(Fd& in, Fd& out, Fd& err) {
    if (!tool_.input) in.reset();
    while (out.valid() || err.valid()) {
      std::array<pollfd, 3> fds{pollfd{in.get(), POLLOUT, 0}, pollfd{out.get(), POLLIN, 0},
                                pollfd{err.get(), POLLIN, 0}};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - Clock::now()).count();
      if (left <= 0) return late();
      const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(std::min<std::int64_t>(left, 1000)));
      if (ready < 0 && errno != EINTR) return io_error("wait for", tool_.argv[0]);
      if (ready <= 0) continue;
      if (fds[0].revents != 0) BELAY_TRYV(feed(in));
      if (fds[1].revents != 0) drain(out, result_.out);
      if (fds[2].revents != 0) drain(err, result_.err);
    }
    return {};
  }

  Result<void> feed(Fd& in) {
    if (used_ == filled_) {
      BELAY_TRY(filled_, tool_.input(buffer_.data(), buffer_.size()));
      used_ = 0;
    }
    const ssize_t sent =
        filled_ == 0 ? -1 : ::send(in.get(), &buffer_[used_], filled_ - used_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (filled_ != 0 && sent < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (sent < 0) {
      in.reset();  // the end of the input, or a program that does not want the rest of it
    } else {
      used_ += static_cast<std::size_t>(sent);
    }
    return {};
  }

  static void drain(Fd& from, std::string& to) {
    char piece[4096];
    const ssize_t got = ::recv(from.get(), piece, sizeof piece, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return from.reset();
    to.append(piece, std::min(static_cast<std::size_t>(got), most_output - to.size()));
  }

  const Tool& tool_;
  Clock::time_point until_;
  ToolResult result_;
  std::vector<char> buffer_ = std::vector<char>(65536);
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
};

}  // namespace

Result<ToolResult> run_tool(const Tool& tool) {
  BELAY_CHECK(!tool.argv.empty());
  return Conversation(tool, Clock::now() + tool.deadline).run();
}

}  // namespace belay::package
