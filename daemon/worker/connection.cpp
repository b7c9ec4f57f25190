#include "daemon/worker/connection.hpp"

#include <algorithm>
#include <array>

#include "daemon/base/escape.hpp"
#include "daemon/worker/worker.hpp"

namespace belay {

namespace asio = boost::asio;
namespace wp = worker_protocol;
using Clock = std::chrono::steady_clock;
using End = port::ExecResult::End;

// The command whose turn it is. Lives in exec()'s frame.
struct WorkerConnection::Running {
  Running(const asio::any_io_executor& executor, port::ExecRequest& request_, std::uint32_t number_)
      : request(request_), number(number_), wake(executor) {}

  port::ExecRequest& request;
  std::uint32_t number;
  Signal wake;
  port::ExecResult result;
  std::uint64_t may_send = wp::window;     // input the worker has room for
  std::uint64_t may_receive = wp::window;  // output we granted
  std::uint32_t taken = 0;                 // output taken, not yet granted again
  std::array<std::uint64_t, 2> passed{};   // output handed on, per stream
  bool done = false;
};

// A place in the queue, given up however exec() ends.
class WorkerConnection::Turn {
 public:
  explicit Turn(WorkerConnection& connection) : connection_(connection), event_(connection.worker_->executor()) {
    connection_.queue_.push_back(&event_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    std::erase(connection_.queue_, &event_);
    if (!connection_.queue_.empty()) connection_.queue_.front()->notify();
  }
  asio::awaitable<void> wait() {
    while (connection_.alive() && connection_.queue_.front() != &event_) co_await event_.wait(Signal::Time::max());
  }

 private:
  WorkerConnection& connection_;
  Signal event_;
};

WorkerConnection::WorkerConnection(std::shared_ptr<Worker> worker, std::uint32_t id, std::string host)
    : worker_(std::move(worker)), id_(id), host_(std::move(host)), changed_(worker_->executor()) {}

WorkerConnection::~WorkerConnection() { close(); }

asio::awaitable<Result<void>> WorkerConnection::opened(Signal::Time until) {
  // However this ends, a connection that did not open is closed.
  struct Guard {
    WorkerConnection& connection;
    ~Guard() {
      if (connection.state_ == State::opening) connection.close();
    }
  } guard{*this};
  while (state_ == State::opening) {
    if (co_await changed_.wait(until)) continue;
    co_return fail(Kind::timeout, "host " + host_ + ": the transport worker did not log in before the deadline",
                   "See the daemon's log for what the worker says.");
  }
  co_return open_result_;
}

asio::awaitable<port::ExecResult> WorkerConnection::exec(port::ExecRequest request) {
  const auto self = shared_from_this();
  Turn turn(*this);
  co_await turn.wait();
  if (!alive()) {
    port::ExecResult never;
    never.begun = false;
    never.reason = why_;
    co_return never;
  }
  Running running(worker_->executor(), request, ++execs_);
  running_ = &running;
  // Also when this coroutine is cancelled in the middle: then the command is abandoned.
  struct Guard {
    WorkerConnection& connection;
    Running& running;
    ~Guard() {
      if (!running.done) connection.abandon(running, End::lost, "The command was cancelled.");
      connection.running_ = nullptr;
    }
  } guard{*this, running};
  const auto deadline = std::max(request.deadline, std::chrono::milliseconds(1));
  wp::Exec exec{request.command, deadline.count(), wp::window};
  worker_->send({wp::Type::exec, id_, running.number, wp::to_json(exec)});
  const auto until = Clock::now() + deadline + worker_->options().grace;
  co_await feed(running, until);
  while (!running.done) {
    if (co_await running.wake.wait(until)) continue;
    abandon(running, End::timed_out,
            "The command had not ended at its deadline, and the transport worker did not say so.");
  }
  co_return std::move(running.result);
}

asio::awaitable<void> WorkerConnection::feed(Running& running, Signal::Time until) {
  while (running.request.input && !running.done) {
    auto piece = co_await running.request.input();
    if (running.done) co_return;
    if (!piece) co_return abandon(running, End::lost, "The input broke off: " + piece.error().text());
    if (piece->empty()) break;
    std::string_view rest = *piece;
    while (!rest.empty() && !running.done) {
      const auto size = std::min({rest.size(), wp::max_data, static_cast<std::size_t>(running.may_send)});
      if (size == 0) {
        // A worker that grants nothing until the deadline is reported by exec().
        if (!co_await running.wake.wait(until)) co_return;
        continue;
      }
      send_input(running, rest.substr(0, size));
      rest.remove_prefix(size);
    }
  }
  if (!running.done) worker_->send({wp::Type::eof, id_, running.number, ""});
}

void WorkerConnection::send_input(Running& running, std::string_view bytes) {
  running.may_send -= bytes.size();
  worker_->send({wp::Type::data, id_, running.number, std::string(bytes)});
}

bool WorkerConnection::handle(wp::Frame frame) {
  switch (frame.type) {
    case wp::Type::opened:
      if (state_ != State::opening || !wp::parse<wp::Opened>(frame.payload)) return false;
      state_ = State::open;
      changed_.notify();
      return true;
    case wp::Type::open_failed: {
      const auto failure = wp::parse<wp::Failure>(frame.payload);
      if (state_ != State::opening || !failure) return false;
      open_result_ = std::unexpected(Error{failure->kind, show(failure->what), show(failure->next), std::nullopt});
      die(show(failure->what));
      return true;
    }
    case wp::Type::lost: {
      const auto gone = wp::parse<wp::Lost>(frame.payload);
      if (state_ != State::open || !gone) return false;
      lost(show(gone->reason));
      return true;
    }
    default:
      break;
  }
  if (running_ == nullptr || running_->done || frame.exec != running_->number) return false;
  switch (frame.type) {
    case wp::Type::data:
      return take_output(port::Stream::out, frame.payload);
    case wp::Type::data_err:
      return take_output(port::Stream::err, frame.payload);
    case wp::Type::exit:
      return take_exit(frame.payload);
    case wp::Type::credit: {
      const auto credit = wp::parse_credit(frame.payload);
      if (!credit || running_->may_send + *credit > wp::window) return false;
      running_->may_send += *credit;
      running_->wake.notify();
      return true;
    }
    default:
      return false;
  }
}

bool WorkerConnection::take_output(port::Stream stream, std::string_view bytes) {
  Running& running = *running_;
  if (bytes.empty() || bytes.size() > wp::max_data || bytes.size() > running.may_receive) return false;
  running.may_receive -= bytes.size();
  running.taken += static_cast<std::uint32_t>(bytes.size());
  auto& passed = running.passed[stream == port::Stream::out ? 0 : 1];
  const auto wanted = bytes.substr(0, running.request.output_limit - passed);
  if (wanted.size() < bytes.size()) running.result.truncated = true;
  passed += wanted.size();
  if (!wanted.empty() && running.request.output) {
    running.request.output(stream, wanted);
    // The sink may have closed us.
    if (running.done) return true;
  } else {
    (stream == port::Stream::out ? running.result.out : running.result.err) += wanted;
  }
  if (running.taken >= wp::window / 4) {
    running.may_receive += running.taken;
    worker_->send({wp::Type::credit, id_, running.number, wp::encode_credit(std::exchange(running.taken, 0))});
  }
  return true;
}

bool WorkerConnection::take_exit(std::string_view payload) {
  const auto exit = wp::parse<wp::Exit>(payload);
  if (!exit || (exit->end == wp::Exit::End::exited && exit->status < 0)) return false;
  Running& running = *running_;
  running.result.status = exit->status;
  running.result.signal = show(exit->signal.substr(0, 40));
  running.result.reason = show(exit->reason);
  running.done = true;
  running.wake.notify();
  switch (exit->end) {
    case wp::Exit::End::exited:
      running.result.end = End::exited;
      return true;
    case wp::Exit::End::signalled:
      running.result.end = End::signalled;
      return true;
    case wp::Exit::End::lost:
      running.result.end = End::lost;
      break;
    case wp::Exit::End::timed_out:
      running.result.end = End::timed_out;
      break;
  }
  die(running.result.reason);
  return true;
}

void WorkerConnection::abandon(Running& running, End end, std::string reason) {
  running.done = true;
  running.result.end = end;
  running.result.reason = std::move(reason);
  close();
}

void WorkerConnection::lost(const std::string& reason) {
  if (state_ == State::opening) {
    open_result_ = fail(Kind::unreachable, "host " + host_ + ": " + reason,
                        "Try again; see the daemon's log if it happens twice.");
  }
  die(reason);
}

void WorkerConnection::die(const std::string& reason) {
  if (state_ == State::dead) return;
  state_ = State::dead;
  why_ = reason;
  worker_->remove(id_);
  changed_.notify();
  if (running_ != nullptr && !running_->done) {
    running_->done = true;
    running_->result.end = End::lost;
    running_->result.reason = reason;
  }
  if (running_ != nullptr) running_->wake.notify();
  for (Signal* waiting : queue_) waiting->notify();
}

void WorkerConnection::close() {
  if (state_ == State::dead) return;
  worker_->send({wp::Type::close, id_, 0, ""});
  if (state_ == State::opening) {
    open_result_ = fail(Kind::cancelled, "host " + host_ + ": the login was called off");
  }
  die("The connection was closed.");
}

}  // namespace belay
