#include "plugins/transport/runtime/runtime.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>

#include "belay/frame_link.hpp"
#include "daemon/base/escape.hpp"

namespace belay::worker {

namespace asio = boost::asio;

namespace {

// One connection: opens, then runs commands as they come. Held by its own coroutine and by the table.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(const asio::any_io_executor& executor, std::shared_ptr<FrameLink> link, Backend& backend, std::uint32_t id)
      : link_(std::move(link)), backend_(backend), id_(id), wake_(executor) {}

  asio::awaitable<void> run(wp::Open open) {
    const auto self = shared_from_this();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(open.deadline_ms);
    auto opened = co_await backend_.open(open, deadline);
    if (closed_) co_return;
    if (!opened) {
      send(wp::Type::open_failed, wp::to_json(opened.error()));
      co_return;
    }
    const auto session = std::move(*opened);
    send(wp::Type::opened, wp::to_json(session->opened()));
    while (!closed_) {
      if (command_ == nullptr) {
        if (const auto lost = co_await session->idle(wake_)) {
          send(wp::Type::lost, wp::to_json(wp::Lost{*lost}));
          co_return;
        }
        continue;
      }
      const wp::Exit exit = co_await session->exec(*command_);
      command_.reset();
      send(wp::Type::exit, wp::to_json(exit), exec_);
      if (exit.end == wp::Exit::End::lost || exit.end == wp::Exit::End::timed_out) co_return;
    }
  }

  // The next four are frames from the daemon; false: it broke the protocol.
  bool exec(std::uint32_t number, wp::Exec exec) {
    if (command_ != nullptr || number <= exec_) return false;
    exec_ = number;
    command_ = std::make_unique<Command>(
        std::move(exec), wake_,
        Command::Link{[this](bool err, std::string_view bytes) {
                        send(err ? wp::Type::data_err : wp::Type::data, std::string(bytes), exec_);
                      },
                      [this](std::uint32_t bytes) { send(wp::Type::credit, wp::encode_credit(bytes), exec_); }});
    wake_.notify();
    return true;
  }

  bool stream(wp::Frame frame) {
    // What was sent before the daemon knew of the end is late, not wrong.
    if (command_ == nullptr || frame.exec < exec_) return frame.exec <= exec_;
    if (frame.exec > exec_) return false;
    switch (frame.type) {
      case wp::Type::data:
        return command_->feed(std::move(frame.payload));
      case wp::Type::eof:
        return command_->end_input();
      default:
        break;
    }
    const auto credit = wp::parse_credit(frame.payload);
    return credit.has_value() && command_->grant(*credit);
  }

  bool closed() const { return closed_; }
  void close() {
    closed_ = true;
    if (command_ != nullptr) command_->close();
    wake_.notify();
  }

 private:
  void send(wp::Type type, std::string payload, std::uint32_t exec = 0) {
    if (!closed_) link_->send({type, id_, exec, std::move(payload)});
  }

  std::shared_ptr<FrameLink> link_;
  Backend& backend_;
  std::uint32_t id_;
  Signal wake_;
  std::unique_ptr<Command> command_;
  std::uint32_t exec_ = 0;
  bool closed_ = false;
};

class Worker {
 public:
  Worker(asio::io_context& io, std::string transport, const MakeBackend& make)
      : io_(io),
        transport_(std::move(transport)),
        link_(std::make_shared<FrameLink>(io.get_executor(), link_fd)),
        gone_(io.get_executor()) {
    backend_ = make(io.get_executor(), [link = link_](std::string level, std::string text) {
      link->send({wp::Type::log, 0, 0, wp::to_json(wp::Log{std::move(level), show(text)})});
    });
  }

  // Until the link ends; the exit status.
  asio::awaitable<int> serve() {
    for (;;) {
      auto frame = co_await link_->receive();
      if (!frame) co_return broken(frame.error().what);
      if (!*frame) co_return 0;
      const auto type = (*frame)->type;
      if (!handle(std::move(**frame))) {
        co_return broken("frame of type " + std::to_string(static_cast<int>(type)) + " out of place or malformed");
      }
    }
  }

  // Ends all connections; false when some do not end in time (a login under way has its own deadline).
  asio::awaitable<bool> wind_up() {
    for (const auto& [id, connection] : connections_) connection->close();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (!connections_.empty()) {
      if (!co_await gone_.wait(until)) co_return false;
    }
    co_return true;
  }

 private:
  static int broken(const std::string& why) {
    std::fprintf(stderr, "the daemon broke the worker protocol: %s\n", why.c_str());
    return 65;
  }

  bool handle(wp::Frame frame) {
    if (!greeted_ && frame.type != wp::Type::hello) return false;
    switch (frame.type) {
      case wp::Type::hello:
        return hello(frame);
      case wp::Type::open:
        return open(frame);
      case wp::Type::ping:
        link_->send({wp::Type::pong, 0, 0, std::move(frame.payload)});
        return true;
      case wp::Type::exec:
      case wp::Type::data:
      case wp::Type::eof:
      case wp::Type::credit:
      case wp::Type::close:
        break;
      default:
        return false;
    }
    // Numbers beyond the last one opened were never given out; smaller ones may just be gone already.
    if (frame.connection == 0 || frame.connection > last_) return false;
    const auto it = connections_.find(frame.connection);
    if (it == connections_.end()) return true;
    if (frame.type == wp::Type::close) {
      it->second->close();
      return true;
    }
    if (frame.type == wp::Type::exec) {
      auto exec = wp::parse<wp::Exec>(frame.payload);
      return exec.has_value() && it->second->exec(frame.exec, std::move(*exec));
    }
    return it->second->stream(std::move(frame));
  }

  bool hello(const wp::Frame& frame) {
    const auto from_daemon = wp::parse<wp::Hello>(frame.payload);
    if (greeted_ || !from_daemon || frame.connection != 0) return false;
    greeted_ = true;
    wp::Hello reply;
    reply.transport = transport_;
    if (from_daemon->version != wp::version) {
      reply.failure =
          wp::Failure{Kind::invalid,
                      "the worker speaks version " + std::to_string(wp::version) +
                          " of the worker protocol, the daemon version " + std::to_string(from_daemon->version),
                      "Install belayd and its workers from the same release."};
    } else {
      backend_->begin(*from_daemon, reply);
    }
    link_->send({wp::Type::hello, 0, 0, wp::to_json(reply)});
    return true;
  }

  bool open(const wp::Frame& frame) {
    auto open = wp::parse<wp::Open>(frame.payload);
    if (!open || frame.connection <= last_) return false;
    last_ = frame.connection;
    auto allowed = wp::check(*open);
    // Those that were closed and are still winding up do not count: the daemon thinks them gone.
    const auto busy = std::ranges::count_if(connections_, [](const auto& entry) { return !entry.second->closed(); });
    if (allowed && busy >= static_cast<std::ptrdiff_t>(wp::max_connections)) {
      allowed =
          fail(Kind::internal, "the worker serves " + std::to_string(wp::max_connections) + " connections already");
    }
    if (!allowed) {
      const Error& error = allowed.error();
      link_->send(
          {wp::Type::open_failed, frame.connection, 0, wp::to_json(wp::Failure{error.kind, error.what, error.next})});
      return true;
    }
    const auto connection = std::make_shared<Connection>(io_.get_executor(), link_, *backend_, frame.connection);
    connections_.emplace(frame.connection, connection);
    asio::co_spawn(io_, connection->run(std::move(*open)),
                   [this, id = frame.connection](const std::exception_ptr& error) {
                     connections_.erase(id);
                     gone_.notify();
                     // A detached coroutine would swallow it; a defect of ours must end the process, and be seen.
                     if (error) std::rethrow_exception(error);
                   });
    return true;
  }

  asio::io_context& io_;
  std::string transport_;
  std::shared_ptr<FrameLink> link_;
  std::unique_ptr<Backend> backend_;
  std::map<std::uint32_t, std::shared_ptr<Connection>> connections_;
  Signal gone_;
  std::uint32_t last_ = 0;
  bool greeted_ = false;
};

asio::awaitable<int> serve(Worker& worker) {
  const int status = co_await worker.serve();
  // What still hangs in a login would be unwound against objects that are gone; the kernel cleans up better than we do.
  if (!co_await worker.wind_up()) std::_Exit(status);
  co_return status;
}

}  // namespace

int run(std::string transport, const MakeBackend& make) {
  struct stat status{};
  if (fstat(link_fd, &status) != 0 || !S_ISSOCK(status.st_mode)) {
    std::fprintf(stderr, "belay-%s is started by belayd, which gives it a socket as file descriptor 3\n",
                 transport.c_str());
    return 70;
  }
  fcntl(link_fd, F_SETFD, FD_CLOEXEC);
  signal(SIGPIPE, SIG_IGN);
  asio::io_context io{1};
  Worker worker(io, std::move(transport), make);
  int code = 70;
  asio::co_spawn(io, serve(worker), [&](const std::exception_ptr& error, int status_code) {
    if (error) std::rethrow_exception(error);
    code = status_code;
    io.stop();
  });
  io.run();
  return code;
}

}  // namespace belay::worker
