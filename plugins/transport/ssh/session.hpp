// SshSession: one login over libssh2. The rules it lives by (docs/architecture.md):
//
// - One owner: at any moment one coroutine makes libssh2 calls on a session (exec() and idle() are called in turn).
// - A call that was cut off half-sent (EAGAIN with OUTBOUND) is finished first, waiting for writable alone.
// - EAGAIN on a write may mean window, rekey or half-sent packet: wait on the socket, read both streams, retry the same
//   call with the same bytes.
// - One channel at a time. The next one is opened ahead and kept: it costs no round trip when a command comes, and
// reading
//   from it answers the server's keepalives while nothing runs.
// - Every wait has an end: the deadline, or silence of three times the keepalive.
// Ends of a command: exited only with an exit status that was really sent; signalled; timed_out; everything else lost.
#pragma once

#include <libssh2.h>

#include <array>
#include <memory>
#include <string>

#include "plugins/transport/runtime/backend.hpp"
#include "plugins/transport/runtime/ready.hpp"
#include "plugins/transport/ssh/line.hpp"

namespace belay::ssh {

using worker::Command;
using worker::Time;
namespace wp = worker_protocol;

// Not an error number of libssh2: the wait ended before the call did.
inline constexpr int call_timed_out = 1'000'001;
inline constexpr int call_closed = 1'000'002;
inline constexpr int call_silent = 1'000'003;

class SshSession final : public worker::Session {
 public:
  // Takes over a connected, non-blocking socket. Of `open` it takes the name and the keepalive.
  SshSession(const boost::asio::any_io_executor& executor, worker::Fd socket, const wp::Open& open);
  ~SshSession() override;

  wp::Opened opened() const override { return opened_; }
  boost::asio::awaitable<std::optional<std::string>> idle(Signal& wake) override;
  boost::asio::awaitable<wp::Exit> exec(Command& command) override;

  // For login.cpp.
  [[nodiscard]] LIBSSH2_SESSION* raw() const { return session_; }
  [[nodiscard]] Line& line() { return line_; }
  void set_opened(wp::Opened opened) { opened_ = std::move(opened); }
  // Repeats `call` until it is done, fails, or the wait for it ends (see above); its result. Calls that give a pointer
  // return libssh2_session_last_errno() instead.
  template <class Call>
  boost::asio::awaitable<int> drive(Call call, Signal& wake, Time until, const Command* command = nullptr) {
    for (;;) {
      const int result = call();
      if (result != LIBSSH2_ERROR_EAGAIN) co_return result;
      if (const int ended = co_await wait(wake, until, command, true)) co_return ended;
    }
  }
  // Opens the channel for the next command.
  boost::asio::awaitable<int> open_channel(Signal& wake, Time until, const Command* command = nullptr);
  // What went wrong, in words.
  [[nodiscard]] std::string explain(int result) const;

 private:
  // What must be called again before anything else may be.
  enum class Half : std::uint8_t { none, write, eof, out, err, closed };

  [[nodiscard]] bool outbound() const {
    return (libssh2_session_block_directions(session_) & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0;
  }
  // Sleeps until the socket may go on, something is notified, or the end: 0, or one of the three numbers above.
  // `reading`: wake up when bytes come in (never while a call is half-sent).
  boost::asio::awaitable<int> wait(Signal& wake, Time until, const Command* command, bool reading);
  int keep_alive();

  // Pieces of exec().
  struct Pump;
  int step(Pump& pump);
  int write_input(Pump& pump);
  int read_output(Pump& pump, bool err);
  boost::asio::awaitable<int> finish_channel(Signal& wake, Time until, const Command* command);
  wp::Exit ended_with(int result);

  Line line_;
  worker::Ready ready_;
  std::string host_;
  std::chrono::milliseconds keepalive_;
  LIBSSH2_SESSION* session_;
  LIBSSH2_CHANNEL* channel_ = nullptr;
  wp::Opened opened_;
  Time next_keepalive_;
  bool used_ = false;  // a channel was closed before
  bool broken_ = false;
  std::array<char, wp::max_data> buffer_;
};

}  // namespace belay::ssh
