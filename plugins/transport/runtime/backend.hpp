// What a transport program has to bring: how to log in (Backend) and what a login can do (Session). Everything else,
// the frames, credits, queues and ends, is the runtime's (runtime.hpp).
//
// All of it runs on the worker's only thread. Nothing here throws.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "belay/signal.hpp"
#include "belay/worker_protocol.hpp"

namespace belay::worker {

namespace wp = worker_protocol;
using Time = std::chrono::steady_clock::time_point;

// One command, as a Session sees it. `wake` is notified whenever input arrives, room grows or the daemon closes.
class Command {
 public:
  // The way back to the daemon: sends output, and credit for input that was used up.
  struct Link {
    std::function<void(bool err, std::string_view)> output;
    std::function<void(std::uint32_t)> credit;
  };

  Command(wp::Exec exec, Signal& wake_event, Link link);

  const std::string& text() const { return exec_.command; }
  Time deadline() const { return deadline_; }
  Signal& wake() { return wake_; }
  bool closed() const { return closed_; }

  // The next unsent piece of input; empty when none is there at the moment.
  std::string_view input() const;
  void consume(std::size_t bytes);
  // No input is left and none will come.
  bool input_done() const { return ended_ && pieces_.empty(); }

  // How many bytes of output the daemon has room for. Never pass output() more.
  std::size_t room() const { return room_; }
  void output(bool err, std::string_view bytes);

  // From the daemon. False when it broke the protocol.
  [[nodiscard]] bool feed(std::string piece);
  [[nodiscard]] bool end_input();
  [[nodiscard]] bool grant(std::uint32_t bytes);
  void close();

 private:
  wp::Exec exec_;
  Signal& wake_;
  Link link_;
  Time deadline_;
  std::deque<std::string> pieces_;
  std::size_t front_used_ = 0;
  std::uint32_t granted_ = wp::window;  // input the daemon may still send
  std::uint32_t used_ = 0;              // consumed, not yet granted again
  std::uint64_t room_ = 0;
  bool ended_ = false;
  bool closed_ = false;
};

// One login. exec() and idle() are called in turn, never at once. Destroying it cuts the connection without waiting.
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  virtual wp::Opened opened() const = 0;
  // Keeps the connection alive until `wake` is notified; a sentence when the connection was lost meanwhile.
  virtual boost::asio::awaitable<std::optional<std::string>> idle(Signal& wake) = 0;
  // Runs one command to one of its four ends, at the latest at its deadline or when it is closed (then: lost).
  virtual boost::asio::awaitable<wp::Exit> exec(Command& command) = 0;
};

using OpenResult = std::expected<std::unique_ptr<Session>, wp::Failure>;

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  // Called once, before anything else, with the daemon's hello; fills in key, or failure.
  virtual void begin(const wp::Hello& from_daemon, wp::Hello& reply) = 0;
  // At the latest at `deadline`.
  virtual boost::asio::awaitable<OpenResult> open(const wp::Open& open, Time deadline) = 0;
};

}  // namespace belay::worker
