// Process: one transport worker as an operating-system process. Started with nothing of ours but what it needs: an
// empty environment but PATH and LC_ALL, its end of a socket pair as descriptor 3, /dev/null as input and output, and a
// pipe for its standard error, which arrives line by line in `log`.
//
// start() fails with Kind::io (or not_found when there is no such program). Destroying a Process kills and reaps it;
// only its own pid is ever waited for. One thread.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "belay/signal.hpp"
#include "daemon/base/error.hpp"

namespace belay {

class Process {
 public:
  using Line = std::function<void(std::string_view)>;

  // `link` gets the daemon's end of the socket pair; the caller owns it.
  static Result<std::unique_ptr<Process>> start(const boost::asio::any_io_executor& executor,
                                                const std::filesystem::path& program, Line log, int& link);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill();
  // Waits for its end: "exited with status 65", "was ended by signal KILL"; nothing when it still runs at `until`.
  boost::asio::awaitable<std::optional<std::string>> ended(Signal::Time until);

 private:
  struct Stderr;
  Process(const boost::asio::any_io_executor& executor, pid_t pid, int pidfd, int errors, Line log);

  pid_t pid_;
  bool reaped_ = false;
  boost::asio::posix::stream_descriptor pidfd_;
  std::shared_ptr<Stderr> errors_;
};

}  // namespace belay
