// Worker: the daemon's side of one transport worker process: its greeting, its connections, its death.
//
// Whatever goes wrong with the process or with what it says (end, silence, malformed frames, more data than its credit)
// ends this worker alone: it is killed and every connection on it is lost. One thread; kept by shared_ptr.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "belay/frame_link.hpp"
#include "belay/signal.hpp"
#include "daemon/port/transport.hpp"
#include "daemon/worker/process.hpp"

namespace belay {

class WorkerConnection;

struct WorkerOptions {
  // Directory of the programs belay-ssh, belay-openssh and belay-local.
  std::filesystem::path programs;
  // Where a worker's private directory is made (and removed again).
  std::filesystem::path scratch = "/tmp";
  // Connections per process; 1 where the environment says `isolation: host`.
  std::size_t connections_per_worker = worker_protocol::max_connections;
  // A worker that says nothing for `patience` though asked every `ping_every` is stuck, and is killed.
  std::chrono::milliseconds ping_every{10'000};
  std::chrono::milliseconds patience{30'000};
  // A host that is silent is asked so often whether it is there (at least 2 s), and given up after three times that.
  std::chrono::milliseconds keepalive{15'000};
  // How long after a deadline the worker may take to report it before the daemon does so itself.
  std::chrono::milliseconds grace{2'000};
  // Lines for the daemon's log: level (debug|info|warning|error), which worker, text (escaped).
  std::function<void(std::string_view, std::string_view, std::string_view)> log;
};

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  // `transport` is ssh, openssh or local. Failure: as Process::start.
  static Result<std::shared_ptr<Worker>> start(const boost::asio::any_io_executor& executor,
                                               const std::string& transport, const port::Identity& identity,
                                               const WorkerOptions& options);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // See port::Transport::open. `addresses`: the resolved address, for transports that connect themselves.
  boost::asio::awaitable<Result<std::shared_ptr<port::Connection>>> open(port::HostAddress host,
                                                                         std::vector<std::string> addresses,
                                                                         Signal::Time deadline);
  [[nodiscard]] bool alive() const { return !dead_; }
  [[nodiscard]] std::size_t load() const { return connections_.size(); }
  [[nodiscard]] const std::string& transport() const { return transport_; }
  [[nodiscard]] const port::Identity& identity() const { return identity_; }
  [[nodiscard]] pid_t pid() const { return process_->pid(); }
  // Nothing new will come: it ends when its last connection does.
  void retire();

  // For WorkerConnection.
  void send(worker_protocol::Frame frame) { link_->send(std::move(frame)); }
  void remove(std::uint32_t connection);
  [[nodiscard]] const WorkerOptions& options() const { return options_; }
  [[nodiscard]] const boost::asio::any_io_executor& executor() const { return executor_; }

 private:
  Worker(const boost::asio::any_io_executor& executor, std::string transport, port::Identity identity,
         WorkerOptions options);

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> keep_watch();
  // False, with `complaint_` set, when the worker broke the protocol.
  bool handle(worker_protocol::Frame frame);
  bool hello(const worker_protocol::Frame& frame);
  void log_line(std::string_view level, std::string_view text);

  boost::asio::any_io_executor executor_;
  std::string transport_;
  port::Identity identity_;
  WorkerOptions options_;
  std::filesystem::path scratch_;
  std::unique_ptr<Process> process_;
  std::shared_ptr<FrameLink> link_;
  Signal over_;
  Signal::Time last_heard_;
  std::map<std::uint32_t, std::weak_ptr<WorkerConnection>> connections_;
  std::uint32_t last_ = 0;
  std::size_t log_lines_ = 0;
  std::string complaint_;
  std::string dead_because_;
  bool greeted_ = false;
  bool retired_ = false;
  bool dead_ = false;
};

}  // namespace belay
