// A child program with its three pipes: what belay-local and belay-openssh run commands with.
//
// start() fails with Kind::io. The child leads its own session and process group, gets SIGKILL when the worker dies,
// has a fixed small environment, default signals, and no descriptor but 0, 1 and 2. Destroying a Child that has not
// ended kills its group; one that has ended leaves what it put into the background alone, as sshd does. Only its own
// pid is waited for.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "plugins/transport/runtime/backend.hpp"
#include "plugins/transport/runtime/ready.hpp"

namespace belay::worker {

// One pipe. Waiting needs a second descriptor of it, and the other side sees the end only when both are closed.
struct PipeEnd {
  PipeEnd(const boost::asio::any_io_executor& executor, Fd end)
      : fd(std::move(end)), ready(std::in_place, executor, fd.get()) {}
  void close() {
    ready.reset();
    fd.reset();
  }
  Fd fd;
  std::optional<Ready> ready;
};

struct Ended {
  int status = -1;     // exit status, -1 when a signal ended it
  std::string signal;  // without SIG
};

class Child {
 public:
  // argv[0] is an absolute path.
  static Result<std::unique_ptr<Child>> start(const boost::asio::any_io_executor& executor,
                                              const std::vector<std::string>& argv);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  // How it ended; nothing while it runs. Asks the kernel without waiting.
  std::optional<Ended> ended();
  // Its whole process group. Safe at any time: its number stays taken until the Child is destroyed.
  void kill();
  // Notifies `wake` when it has ended.
  void arm_end(Signal& wake) { end_ready_.arm_read(wake); }
  void forget_end() { end_ready_.forget(); }

  PipeEnd in, out, err;  // our ends, non-blocking

 private:
  Child(const boost::asio::any_io_executor& executor, pid_t pid, Fd pidfd, Fd in, Fd out, Fd err);

  pid_t pid_;
  Fd pidfd_;
  Ready end_ready_;
  std::optional<Ended> ended_;
};

// Feeds the child the command's input and passes its output on, until it has ended and closed both streams: the same
// rule as sshd's. Gives exited or signalled, or, after killing it, timed_out (at the deadline) or lost (closed by the
// daemon).
boost::asio::awaitable<wp::Exit> pump(Child& child, Command& command);

}  // namespace belay::worker
