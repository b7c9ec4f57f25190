// SshSession::exec: one command, both directions at once, to its end.
#include <algorithm>

#include "daemon/base/escape.hpp"
#include "plugins/transport/ssh/session.hpp"

namespace belay::ssh {

namespace asio = boost::asio;
using End = wp::Exit::End;

struct SshSession::Pump {
  Command& command;
  Half half = Half::none;     // the call to finish first
  std::size_t half_size = 0;  // with the size it was made with
  bool eof_sent = false;
  bool no_more_input = false;  // the other side does not want any
  bool progress = false;
  bool over = false;  // the server has closed the channel
};

asio::awaitable<wp::Exit> SshSession::exec(Command& command) {
  Signal& wake = command.wake();
  int result = 0;
  if (channel_ == nullptr) result = co_await open_channel(wake, command.deadline(), &command);
  line_.expect_exit_status();
  const std::string& text = command.text();
  if (result == 0) {
    result = co_await drive(
        [&] {
          return libssh2_channel_process_startup(channel_, "exec", 4, text.data(), static_cast<unsigned>(text.size()));
        },
        wake, command.deadline(), &command);
  }
  Pump pump{command};
  while (result == 0 && !pump.over) {
    pump.progress = false;
    result = step(pump);
    if (result != 0 || pump.over || (pump.progress && pump.half == Half::none)) continue;
    // Without room for output nothing is read, and the server's window closes by itself.
    if (pump.half == Half::none) result = keep_alive();
    if (result == 0) result = co_await wait(wake, command.deadline(), &command, command.room() > 0);
  }
  if (result == 0) result = co_await finish_channel(wake, command.deadline(), &command);
  co_return ended_with(result);
}

// Makes each call that can be made once; a half-sent one alone.
int SshSession::step(Pump& pump) {
  if (pump.half == Half::none || pump.half == Half::write || pump.half == Half::eof) {
    if (const int result = write_input(pump)) return result;
    if (pump.half != Half::none) return 0;
  }
  if (pump.half == Half::none || pump.half == Half::out) {
    if (const int result = read_output(pump, false)) return result;
    if (pump.half != Half::none) return 0;
  }
  if (pump.half == Half::none || pump.half == Half::err) {
    if (const int result = read_output(pump, true)) return result;
    if (pump.half != Half::none) return 0;
  }
  if (pump.half == Half::none && libssh2_channel_eof(channel_) != 1) return 0;
  // Both streams have ended, but the command may still run and read: only the server's close is the end.
  const int result = libssh2_channel_wait_closed(channel_);
  pump.half = result == LIBSSH2_ERROR_EAGAIN && outbound() ? Half::closed : Half::none;
  if (result == LIBSSH2_ERROR_EAGAIN) return 0;
  pump.over = result == 0;
  return result;
}

int SshSession::write_input(Pump& pump) {
  Command& command = pump.command;
  const bool again = pump.half != Half::none;
  if (pump.eof_sent || pump.no_more_input) {
    if (pump.no_more_input) command.consume(command.input().size());
    return 0;
  }
  const auto bytes = command.input();
  ssize_t result = 0;
  Half call = Half::none;
  if (pump.half == Half::eof || (!again && command.input_done())) {
    call = Half::eof;
    result = libssh2_channel_send_eof(channel_);
    if (result == 0) pump.eof_sent = pump.progress = true;
  } else if (!bytes.empty()) {
    call = Half::write;
    // The same bytes and the same size as last time: more input may have come meanwhile, in further pieces.
    pump.half_size = again ? pump.half_size : bytes.size();
    result = libssh2_channel_write_ex(channel_, 0, bytes.data(), pump.half_size);
    if (result > 0) {
      command.consume(static_cast<std::size_t>(result));
      pump.progress = true;
    }
  }
  pump.half = result == LIBSSH2_ERROR_EAGAIN && outbound() ? call : Half::none;
  if (result >= 0 || result == LIBSSH2_ERROR_EAGAIN) return 0;
  // The command has ended or closed its input; how it ended comes over the other direction.
  if (result == LIBSSH2_ERROR_CHANNEL_CLOSED || result == LIBSSH2_ERROR_CHANNEL_EOF_SENT) {
    pump.no_more_input = true;
    return 0;
  }
  return static_cast<int>(result);
}

int SshSession::read_output(Pump& pump, bool err) {
  const Half call = err ? Half::err : Half::out;
  const std::size_t size =
      pump.half == call ? pump.half_size : std::min<std::size_t>(buffer_.size(), pump.command.room());
  if (size == 0) return 0;
  pump.half_size = size;
  const auto got = libssh2_channel_read_ex(channel_, err ? SSH_EXTENDED_DATA_STDERR : 0, buffer_.data(), size);
  pump.half = got == LIBSSH2_ERROR_EAGAIN && outbound() ? call : Half::none;
  if (got > 0) {
    pump.command.output(err, std::string_view(buffer_.data(), static_cast<std::size_t>(got)));
    pump.progress = true;
  }
  return got >= 0 || got == LIBSSH2_ERROR_EAGAIN ? 0 : static_cast<int>(got);
}

asio::awaitable<int> SshSession::finish_channel(Signal& wake, Time until, const Command* command) {
  // The server has closed; our own close lets it forget the channel before the next one is asked for (MaxSessions 1).
  co_return co_await drive([this] { return libssh2_channel_close(channel_); }, wake, until, command);
}

wp::Exit SshSession::ended_with(int result) {
  wp::Exit exit;
  if (result != 0) {
    broken_ = true;
    exit.end = result == call_timed_out ? End::timed_out : End::lost;
    exit.reason = result == call_timed_out ? "The command had not ended at its deadline." : explain(result);
    return exit;
  }
  char* signal = nullptr;
  std::size_t size = 0;
  libssh2_channel_get_exit_signal(channel_, &signal, &size, nullptr, nullptr, nullptr, nullptr);
  if (signal != nullptr) {
    exit.end = End::signalled;
    exit.signal = show(std::string_view(signal, size));
    exit.reason = "Signal " + exit.signal + " ended the command.";
    libssh2_free(session_, signal);
  } else if (line_.exit_status_seen()) {
    exit.end = End::exited;
    // 32 bits on the wire; a status above 255 does not exist on POSIX hosts, and must not become 0.
    exit.status = std::clamp(libssh2_channel_get_exit_status(channel_), 0, 255);
    if (libssh2_channel_get_exit_status(channel_) < 0) exit.status = 255;
  } else {
    broken_ = true;
    exit.end = End::lost;
    exit.reason = host_ + " closed the session without saying how the command ended.";
    return exit;
  }
  libssh2_channel_free(channel_);
  channel_ = nullptr;
  used_ = true;
  return exit;
}

}  // namespace belay::ssh
