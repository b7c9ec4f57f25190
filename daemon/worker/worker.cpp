#include "daemon/worker/worker.hpp"

#include <stdlib.h>
#include <string.h>

#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <exception>

#include "daemon/base/escape.hpp"
#include "daemon/worker/connection.hpp"

namespace belay {

namespace asio = boost::asio;
namespace wp = worker_protocol;
using Clock = std::chrono::steady_clock;

namespace {

// A worker that has been taken over could fill the daemon's log; what an honest one has to say fits here.
constexpr std::size_t most_log_lines = 10'000;
constexpr std::size_t longest_log_line = 4096;

// Defects must not vanish in a detached coroutine: the loop's owner sees them and the process ends loudly.
constexpr auto rethrow = [](const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
};

}  // namespace

Result<std::shared_ptr<Worker>> Worker::start(const asio::any_io_executor& executor, const std::string& transport,
                                              const port::Identity& identity, const WorkerOptions& options) {
  if (transport != "ssh" && transport != "openssh" && transport != "local") {
    return fail(Kind::invalid, "there is no transport '" + show(transport) + "'", "Use ssh, openssh or local.");
  }
  std::shared_ptr<Worker> worker(new Worker(executor, transport, identity, options));
  std::string name = (options.scratch / "belay-worker-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    return fail(Kind::io,
                "no private directory for a transport worker in " + options.scratch.string() + ": " + strerror(errno));
  }
  worker->scratch_ = name;
  int link = -1;
  auto process = Process::start(
      executor, options.programs / ("belay-" + transport),
      [weak = std::weak_ptr(worker)](std::string_view line) {
        if (const auto self = weak.lock()) self->log_line("warning", line);
      },
      link);
  if (!process) return std::unexpected(process.error());
  worker->process_ = std::move(*process);
  worker->link_ = std::make_shared<FrameLink>(executor, link);
  wp::Hello hello;
  hello.key_file = identity.key_file.string();
  hello.scratch = name;
  worker->send({wp::Type::hello, 0, 0, wp::to_json(hello)});
  asio::co_spawn(executor, worker->run(), rethrow);
  asio::co_spawn(executor, worker->keep_watch(), rethrow);
  return worker;
}

Worker::Worker(const asio::any_io_executor& executor, std::string transport, port::Identity identity,
               WorkerOptions options)
    : executor_(executor),
      transport_(std::move(transport)),
      identity_(std::move(identity)),
      options_(std::move(options)),
      over_(executor),
      last_heard_(Clock::now()) {}

Worker::~Worker() {
  process_.reset();
  std::error_code ignored;
  if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
}

asio::awaitable<void> Worker::run() {
  const auto self = shared_from_this();
  for (;;) {
    auto frame = co_await link_->receive();
    if (!frame) complaint_ = "broke the worker protocol: " + frame.error().what;
    if (!frame || !*frame) break;
    last_heard_ = Clock::now();
    if (!handle(std::move(**frame))) break;
  }
  // Without a link it is good for nothing. An honest one ends by itself now; the rest is made to.
  link_->close();
  if (!complaint_.empty()) process_->kill();
  auto end = co_await process_->ended(Clock::now() + std::chrono::seconds(2));
  if (!end) {
    process_->kill();
    end = co_await process_->ended(Clock::now() + std::chrono::seconds(10));
  }
  dead_ = true;
  over_.notify();
  dead_because_ = "The transport worker belay-" + transport_ + " " +
                  (!complaint_.empty() ? complaint_ : end.value_or("cannot be ended")) + ".";
  if (!retired_ || !connections_.empty()) log_line("error", dead_because_);
  const auto connections = std::move(connections_);
  connections_.clear();
  for (const auto& [id, weak] : connections) {
    if (const auto connection = weak.lock()) connection->lost(dead_because_);
  }
}

asio::awaitable<void> Worker::keep_watch() {
  const auto self = shared_from_this();
  while (!dead_) {
    send({wp::Type::ping, 0, 0, ""});
    co_await over_.wait(Clock::now() + options_.ping_every);
    if (dead_ || Clock::now() - last_heard_ < options_.patience) continue;
    complaint_ = "does not answer";
    process_->kill();
    co_return;
  }
}

asio::awaitable<Result<std::shared_ptr<port::Connection>>> Worker::open(port::HostAddress host,
                                                                        std::vector<std::string> addresses,
                                                                        Signal::Time deadline) {
  const auto self = shared_from_this();
  if (dead_) co_return fail(Kind::unreachable, dead_because_);
  wp::Open open;
  open.name = host.name;
  open.address = host.address;
  open.addresses = std::move(addresses);
  open.port = host.port;
  open.user = host.user;
  open.host_keys = host.host_keys;
  open.ssh_config = host.ssh_config;
  open.keepalive_ms = std::max<std::int64_t>(2000, options_.keepalive.count());
  open.deadline_ms =
      std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count());
  BELAY_CO_TRYV(wp::check(open));
  const auto connection = std::make_shared<WorkerConnection>(self, ++last_, host.name);
  connections_.emplace(last_, connection);
  send({wp::Type::open, last_, 0, wp::to_json(open)});
  auto opened = co_await connection->opened(deadline + options_.grace);
  if (!opened) co_return std::unexpected(std::move(opened).error());
  co_return connection;
}

void Worker::retire() {
  retired_ = true;
  if (connections_.empty()) link_->close();
}

void Worker::remove(std::uint32_t connection) {
  connections_.erase(connection);
  if (retired_ && connections_.empty()) link_->close();
}

bool Worker::handle(wp::Frame frame) {
  const wp::Type type = frame.type;
  bool fine = false;
  if (frame.type == wp::Type::hello) {
    fine = hello(frame);
  } else if (!greeted_) {
    fine = false;
  } else if (frame.type == wp::Type::pong) {
    fine = true;
  } else if (frame.type == wp::Type::ping) {
    send({wp::Type::pong, 0, 0, std::move(frame.payload)});
    fine = true;
  } else if (frame.type == wp::Type::log) {
    const auto line = wp::parse<wp::Log>(frame.payload);
    fine = line.has_value();
    if (fine) log_line(line->level, line->text);
  } else if (frame.connection != 0 && frame.connection <= last_) {
    // A number that is no longer in the table was closed on our side while this frame was under way.
    const auto it = connections_.find(frame.connection);
    const auto connection = it != connections_.end() ? it->second.lock() : nullptr;
    fine = connection == nullptr || connection->handle(std::move(frame));
  }
  if (!fine && complaint_.empty()) {
    complaint_ = "broke the worker protocol (frame of type " + std::to_string(static_cast<int>(type)) + ")";
  }
  return fine;
}

bool Worker::hello(const wp::Frame& frame) {
  const auto hello = wp::parse<wp::Hello>(frame.payload);
  if (greeted_ || !hello) return false;
  if (hello->version != wp::version || hello->transport != transport_) {
    complaint_ = "is not the one that belongs to this daemon (it says version " + std::to_string(hello->version) +
                 " of '" + show(hello->transport.substr(0, 40)) + "')";
    return false;
  }
  greeted_ = true;
  if (hello->failure) {
    log_line("error", hello->failure->error().text());
  } else if (!hello->key.empty()) {
    log_line("info", "uses the key " + hello->key);
  }
  return true;
}

void Worker::log_line(std::string_view level, std::string_view text) {
  if (!options_.log || log_lines_ > most_log_lines) return;
  const std::string who = "belay-" + transport_ + "[" + std::to_string(process_ ? process_->pid() : 0) + "]";
  const bool known = level == "debug" || level == "info" || level == "warning" || level == "error";
  if (++log_lines_ > most_log_lines) {
    options_.log("warning", who, "says too much; its further lines are dropped");
  } else {
    options_.log(known ? level : "warning", who, show(text.substr(0, longest_log_line)));
  }
}

}  // namespace belay
