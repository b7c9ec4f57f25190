#include "plugins/transport/runtime/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace belay::worker {

namespace asio = boost::asio;

namespace {

constexpr std::array<const char*, 3> environment{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                                 "LC_ALL=C", nullptr};

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(Kind::io, std::string("no pipe can be made: ") + strerror(errno));
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// Between fork and exec only async-signal-safe calls.
[[noreturn]] void become(const std::array<int, 3>& streams, char* const* argv, pid_t parent) {
  // A descriptor of 0…2 would be overwritten before its turn; lift all of them first.
  std::array<int, 3> high{};
  for (std::size_t i = 0; i < 3; ++i) high[i] = fcntl(streams[i], F_DUPFD_CLOEXEC, 10);
  for (int i = 0; i < 3; ++i) {
    if (dup2(high[static_cast<std::size_t>(i)], i) != i) _exit(127);
  }
  syscall(SYS_close_range, 3U, ~0U, 0U);
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(argv[0], argv, const_cast<char* const*>(environment.data()));
  _exit(127);
}

}  // namespace

Result<std::unique_ptr<Child>> Child::start(const asio::any_io_executor& executor,
                                            const std::vector<std::string>& argv) {
  BELAY_TRY(Pipe input, make_pipe());
  BELAY_TRY(Pipe output, make_pipe());
  BELAY_TRY(Pipe errors, make_pipe());
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become({input.read.get(), output.write.get(), errors.write.get()}, words.data(), parent);
  if (pid < 0) return fail(Kind::io, "no process can be started: " + std::string(strerror(errno)));
  // Nobody else waits for this pid, so it cannot have been reused.
  Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0U)));
  if (!pidfd.open()) {
    const int error = errno;
    ::kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return fail(Kind::io, std::string("a process cannot be watched: ") + strerror(error));
  }
  for (const Fd* fd : {&input.write, &output.read, &errors.read}) fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  return std::unique_ptr<Child>(new Child(executor, pid, std::move(pidfd), std::move(input.write),
                                          std::move(output.read), std::move(errors.read)));
}

Child::Child(const asio::any_io_executor& executor, pid_t pid, Fd pidfd, Fd in_end, Fd out_end, Fd err_end)
    : in(executor, std::move(in_end)),
      out(executor, std::move(out_end)),
      err(executor, std::move(err_end)),
      pid_(pid),
      pidfd_(std::move(pidfd)),
      end_ready_(executor, pidfd_.get()) {}

Child::~Child() {
  if (!ended()) kill();
  waitpid(pid_, nullptr, 0);
}

std::optional<Ended> Child::ended() {
  if (ended_) return ended_;
  siginfo_t info{};
  // Looked at, not reaped: until the destructor the number belongs to this child.
  if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid_)
    return std::nullopt;
  if (info.si_code == CLD_EXITED) {
    ended_ = Ended{info.si_status, ""};
  } else {
    const char* name = sigabbrev_np(info.si_status);
    ended_ = Ended{-1, name != nullptr ? name : std::to_string(info.si_status)};
  }
  return ended_;
}

void Child::kill() {
  ::kill(-pid_, SIGKILL);
  // Before its setsid() there is no such group yet.
  ::kill(pid_, SIGKILL);
}

namespace {

// Each moves what can be moved now. `starved` asks to be woken when the pipe is ready again; true when anything moved.
bool write_input(PipeEnd& in, Command& command, bool& starved) {
  starved = false;
  if (command.input_done()) {
    in.close();
    return true;
  }
  const auto bytes = command.input();
  if (bytes.empty()) return false;
  const auto size = ::write(in.fd.get(), bytes.data(), bytes.size());
  if (size > 0) {
    command.consume(static_cast<std::size_t>(size));
    return true;
  }
  starved = size < 0 && (errno == EAGAIN || errno == EINTR);
  if (!starved) in.close();  // EPIPE: it does not want any more
  return !starved;
}

bool read_output(PipeEnd& pipe, bool err, Command& command, bool& starved) {
  starved = false;
  std::array<char, wp::max_data> buffer;
  const auto room = std::min(buffer.size(), command.room());
  if (room == 0) return false;
  const auto size = ::read(pipe.fd.get(), buffer.data(), room);
  if (size > 0) {
    command.output(err, std::string_view(buffer.data(), static_cast<std::size_t>(size)));
    return true;
  }
  starved = size < 0 && (errno == EAGAIN || errno == EINTR);
  if (!starved) pipe.close();
  return !starved;
}

}  // namespace

asio::awaitable<wp::Exit> pump(Child& child, Command& command) {
  Signal& wake = command.wake();
  for (;;) {
    if (command.closed()) {
      child.kill();
      co_return wp::Exit{wp::Exit::End::lost, -1, "", "The connection was closed while the command ran."};
    }
    if (std::chrono::steady_clock::now() >= command.deadline()) {
      child.kill();
      co_return wp::Exit{wp::Exit::End::timed_out, -1, "", "The command had not ended at its deadline."};
    }
    bool in_full = false;
    bool out_dry = false;
    bool err_dry = false;
    bool progress = child.in.fd.open() && write_input(child.in, command, in_full);
    progress |= child.out.fd.open() && read_output(child.out, false, command, out_dry);
    progress |= child.err.fd.open() && read_output(child.err, true, command, err_dry);
    const auto ended = child.ended();
    if (ended && !child.out.fd.open() && !child.err.fd.open()) {
      if (ended->signal.empty()) co_return wp::Exit{wp::Exit::End::exited, ended->status, "", ""};
      co_return wp::Exit{wp::Exit::End::signalled, -1, ended->signal,
                         "Signal " + ended->signal + " ended the command."};
    }
    if (progress) continue;
    if (in_full) child.in.ready->arm_write(wake);
    if (out_dry) child.out.ready->arm_read(wake);
    if (err_dry) child.err.ready->arm_read(wake);
    if (!ended) child.arm_end(wake);
    co_await wake.wait(command.deadline());
  }
}

}  // namespace belay::worker
