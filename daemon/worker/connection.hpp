// WorkerConnection: port::Connection over a worker's frames. Keeps commands in their order, feeds input as the worker
// grants credit, grants credit as output is taken, and reports an end by itself when the worker does not in time.
//
// One thread; see port::Connection for what callers may rely on.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "belay/signal.hpp"
#include "belay/worker_protocol.hpp"
#include "daemon/port/transport.hpp"

namespace belay {

class Worker;

class WorkerConnection final : public port::Connection, public std::enable_shared_from_this<WorkerConnection> {
 public:
  WorkerConnection(std::shared_ptr<Worker> worker, std::uint32_t id, std::string host);
  ~WorkerConnection() override;

  boost::asio::awaitable<port::ExecResult> exec(port::ExecRequest request) override;
  [[nodiscard]] bool alive() const override { return state_ == State::open; }
  [[nodiscard]] std::string why_dead() const override { return why_; }
  void close() override;

  // For Worker. The answer to the open frame; closes itself when it fails or is cancelled.
  boost::asio::awaitable<Result<void>> opened(Signal::Time until);
  // A frame for this connection; false when it is malformed or out of place.
  [[nodiscard]] bool handle(worker_protocol::Frame frame);
  // The worker is gone, or says that the connection is.
  void lost(const std::string& reason);

 private:
  enum class State : std::uint8_t { opening, open, dead };
  struct Running;
  class Turn;

  void die(const std::string& reason);
  boost::asio::awaitable<void> feed(Running& running, Signal::Time until);
  void send_input(Running& running, std::string_view bytes);
  [[nodiscard]] bool take_output(port::Stream stream, std::string_view bytes);
  [[nodiscard]] bool take_exit(std::string_view payload);
  // Ends the running command from this side and closes.
  void abandon(Running& running, port::ExecResult::End end, std::string reason);

  std::shared_ptr<Worker> worker_;
  std::uint32_t id_;
  std::string host_;
  State state_ = State::opening;
  std::string why_;
  Signal changed_;
  Result<void> open_result_;
  std::deque<Signal*> queue_;  // the first one runs
  Running* running_ = nullptr;
  std::uint32_t execs_ = 0;
};

}  // namespace belay
