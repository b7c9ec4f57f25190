#include "daemon/worker/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <cerrno>

#include "daemon/base/check.hpp"
#include "daemon/base/escape.hpp"

namespace belay {

namespace asio = boost::asio;

namespace {

constexpr std::size_t longest_line = 1000;

class SpawnPlan {
 public:
  SpawnPlan(int link, int errors) {
    BELAY_CHECK(link > 2 && errors > 2);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, 0, 1);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    posix_spawn_file_actions_adddup2(&actions, link, 3);
    posix_spawn_file_actions_addclosefrom_np(&actions, 4);
    posix_spawnattr_init(&attributes);
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    // Its own session: a Ctrl-C meant for the daemon lets the daemon decide.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

// Outlives the Process until its last read ends.
struct Process::Stderr : std::enable_shared_from_this<Process::Stderr> {
  Stderr(const asio::any_io_executor& executor, int fd, Line line) : pipe(executor, fd), log(std::move(line)) {}

  void read() {
    pipe.async_read_some(asio::buffer(buffer),
                         [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
                           self->take(std::string_view(self->buffer.data(), size));
                           if (!error) return self->read();
                           if (!self->partial.empty()) self->emit();
                         });
  }

  void take(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\n') {
        emit();
      } else if (partial.size() < longest_line) {
        partial.push_back(c);
      }
    }
  }

  void emit() {
    if (log) log(show(partial));
    partial.clear();
  }

  asio::posix::stream_descriptor pipe;
  Line log;
  std::array<char, 4096> buffer{};
  std::string partial;
};

Result<std::unique_ptr<Process>> Process::start(const asio::any_io_executor& executor,
                                                const std::filesystem::path& program, Line log, int& link) {
  const auto system_failure = [](const char* what, int error) {
    return fail(Kind::io, std::string(what) + ": " + strerror(error));
  };
  if (access(program.c_str(), X_OK) != 0) {
    return fail(Kind::not_found,
                "the transport worker " + show(program.string()) + " cannot be run: " + strerror(errno),
                "Install Belay completely, or correct the directory of workers in the daemon's configuration.");
  }
  int pair[2];
  int errors[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return system_failure("no socket pair", errno);
  if (pipe2(errors, O_CLOEXEC) != 0) {
    const int error = errno;
    close(pair[0]);
    close(pair[1]);
    return system_failure("no pipe", error);
  }
  std::string name = program.string();
  std::array<char*, 2> argv{name.data(), nullptr};
  std::array<std::string, 2> settings{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
  std::array<char*, 3> environment{settings[0].data(), settings[1].data(), nullptr};
  pid_t pid = -1;
  const SpawnPlan plan(pair[1], errors[1]);
  const int spawned = posix_spawn(&pid, name.c_str(), &plan.actions, &plan.attributes, argv.data(), environment.data());
  close(pair[1]);
  close(errors[1]);
  const int pidfd = spawned == 0 ? static_cast<int>(syscall(SYS_pidfd_open, pid, 0U)) : -1;
  if (pidfd < 0) {
    const int error = spawned == 0 ? errno : spawned;
    if (spawned == 0) {
      ::kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    close(pair[0]);
    close(errors[0]);
    return system_failure("the transport worker does not start", error);
  }
  link = pair[0];
  return std::unique_ptr<Process>(new Process(executor, pid, pidfd, errors[0], std::move(log)));
}

Process::Process(const asio::any_io_executor& executor, pid_t pid, int pidfd, int errors, Line log)
    : pid_(pid), pidfd_(executor, pidfd), errors_(std::make_shared<Stderr>(executor, errors, std::move(log))) {
  errors_->read();
}

Process::~Process() {
  if (reaped_) return;
  kill();
  waitpid(pid_, nullptr, 0);
}

void Process::kill() {
  if (!reaped_) ::kill(pid_, SIGKILL);
}

asio::awaitable<std::optional<std::string>> Process::ended(Signal::Time until) {
  const auto over = std::make_shared<Signal>(co_await asio::this_coro::executor);
  pidfd_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [over](const boost::system::error_code&) { over->notify(); });
  co_await over->wait(until);
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) {
    pidfd_.cancel();
    co_return std::nullopt;
  }
  reaped_ = true;
  if (WIFEXITED(status)) co_return "exited with status " + std::to_string(WEXITSTATUS(status));
  const char* name = sigabbrev_np(WTERMSIG(status));
  co_return std::string("was ended by signal ") + (name != nullptr ? name : std::to_string(WTERMSIG(status)));
}

}  // namespace belay
