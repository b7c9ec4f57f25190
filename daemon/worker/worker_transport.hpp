// WorkerTransport: port::Transport over worker processes, one pool per run and environment. Starts a worker when the
// first host of its kind is opened, fills it up to `connections_per_worker`, then starts the next. Dead workers are
// forgotten; the next open starts a fresh one.
//
// Destroying it retires its workers: they end with their last connection. One thread.
#pragma once

#include <memory>
#include <vector>

#include "daemon/port/transport.hpp"
#include "daemon/worker/worker.hpp"

namespace belay {

class WorkerTransport final : public port::Transport {
 public:
  WorkerTransport(boost::asio::any_io_executor executor, WorkerOptions options);
  ~WorkerTransport() override;

  boost::asio::awaitable<Result<std::shared_ptr<port::Connection>>> open(const port::HostAddress& host,
                                                                         const port::Identity& identity,
                                                                         std::chrono::milliseconds deadline) override;
  // Process ids of the workers that live, for status pages and tests.
  [[nodiscard]] std::vector<pid_t> workers() const;

 private:
  Result<std::shared_ptr<Worker>> worker_for(const port::HostAddress& host, const port::Identity& identity);

  boost::asio::any_io_executor executor_;
  WorkerOptions options_;
  std::vector<std::shared_ptr<Worker>> workers_;
};

}  // namespace belay
