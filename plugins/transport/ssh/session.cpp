#include "plugins/transport/ssh/session.hpp"

#include <algorithm>

#include "daemon/base/check.hpp"
#include "daemon/base/escape.hpp"

namespace belay::ssh {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto slot_patience = std::chrono::seconds(5);
// Larger windows made downloads slower, not faster (measured).
constexpr unsigned window = 2 * 1024 * 1024;

}  // namespace

SshSession::SshSession(const asio::any_io_executor& executor, worker::Fd socket, const wp::Open& open)
    : line_(std::move(socket)),
      ready_(executor, line_.socket()),
      host_(open.name),
      keepalive_(open.keepalive_ms),
      session_(line_.make_session()),
      next_keepalive_(Clock::now() + keepalive_) {
  BELAY_CHECK(session_ != nullptr);
  // The smallest interval: when to send is decided by us, by the steady clock.
  libssh2_keepalive_config(session_, 1, 2);
}

SshSession::~SshSession() {
  // Say goodbye if that is possible without waiting; then cut, so that freeing cannot wait either.
  if (!broken_ && !outbound()) (void)libssh2_session_disconnect(session_, "done");
  line_.cut();
  for (int attempt = 0; attempt < 100 && libssh2_session_free(session_) == LIBSSH2_ERROR_EAGAIN; ++attempt) {
  }
}

asio::awaitable<int> SshSession::wait(Signal& wake, Time until, const Command* command, bool reading) {
  const auto now = Clock::now();
  if (command != nullptr && command->closed()) co_return call_closed;
  if (now >= until) co_return call_timed_out;
  const auto given_up = line_.last_heard() + 3 * keepalive_;
  if (now >= given_up) co_return call_silent;
  if (outbound()) {
    ready_.arm_write(wake);
  } else if (reading) {
    ready_.arm_read(wake);
  }
  // With nothing to be heard of the server there is a time to ask, and a time to give up.
  co_await wake.wait(std::min({until, given_up, std::max(next_keepalive_, now)}));
  line_.next_turn();
  co_return 0;
}

int SshSession::keep_alive() {
  const auto now = Clock::now();
  if (now < next_keepalive_) return 0;
  next_keepalive_ = now + keepalive_;
  if (now - line_.last_heard() < keepalive_) return 0;
  int seconds = 0;
  return libssh2_keepalive_send(session_, &seconds);
}

asio::awaitable<int> SshSession::open_channel(Signal& wake, Time until, const Command* command) {
  // sshd counts a closed session until its next round: with MaxSessions 1 the next one is refused when it asks at once.
  const auto patience = used_ ? Clock::now() + slot_patience : Clock::now();
  for (;;) {
    const int result = co_await drive(
        [this] {
          channel_ =
              libssh2_channel_open_ex(session_, "session", 7, window, LIBSSH2_CHANNEL_PACKET_DEFAULT, nullptr, 0);
          return channel_ != nullptr ? 0 : libssh2_session_last_errno(session_);
        },
        wake, until, command);
    if (result != LIBSSH2_ERROR_CHANNEL_FAILURE || Clock::now() >= patience) co_return result;
    Signal pause(co_await asio::this_coro::executor);
    co_await pause.wait(Clock::now() + std::chrono::milliseconds(10));
  }
}

asio::awaitable<std::optional<std::string>> SshSession::idle(Signal& wake) {
  // A command may wait for us: stay only as long as a half-sent call forces us to.
  bool pause = true;
  for (;;) {
    int result = 0;
    if (channel_ == nullptr) {
      result = co_await open_channel(wake, Clock::now() + 3 * keepalive_);
      pause = false;
    } else {
      const auto got = libssh2_channel_read_ex(channel_, 0, buffer_.data(), buffer_.size());
      result = got == LIBSSH2_ERROR_EAGAIN ? 0 : static_cast<int>(got);
      // Nothing runs in this channel: the server can only have ended it.
      if (got >= 0) result = LIBSSH2_ERROR_CHANNEL_CLOSED;
    }
    const bool half = channel_ != nullptr && outbound();
    if (result == 0 && !half) result = keep_alive();
    if (result == 0 && (half || pause)) result = co_await wait(wake, Time::max(), nullptr, true);
    if (result != 0) {
      broken_ = true;
      co_return explain(result);
    }
    if (!half) co_return std::nullopt;
  }
}

std::string SshSession::explain(int result) const {
  switch (result) {
    case call_timed_out:
      return host_ + " did not answer in time.";
    case call_closed:
      return "The connection was closed while the command ran.";
    case call_silent:
      return host_ + " has not been heard of for too long.";
    case LIBSSH2_ERROR_SOCKET_DISCONNECT:
    case LIBSSH2_ERROR_SOCKET_RECV:
      return "The connection to " + host_ + " broke: the other side ended it.";
    case LIBSSH2_ERROR_SOCKET_SEND:
      return "The connection to " + host_ + " broke while sending.";
    case LIBSSH2_ERROR_CHANNEL_FAILURE:
    case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED:
      return host_ + " refuses to run commands (look for MaxSessions, ForceCommand or a restricted account there).";
    case LIBSSH2_ERROR_CHANNEL_CLOSED:
      return host_ + " closed the session.";
    case LIBSSH2_ERROR_ALLOC:
      return "The connection to " + host_ + " wanted more memory than it may have.";
    default:
      break;
  }
  char* text = nullptr;
  libssh2_session_last_error(session_, &text, nullptr, 0);
  return "The connection to " + host_ + " failed: " + show(text != nullptr ? text : "") + " (libssh2 error " +
         std::to_string(result) + ").";
}

}  // namespace belay::ssh
