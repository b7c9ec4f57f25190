#include "daemon/worker/worker_transport.hpp"

#include <algorithm>

#include "daemon/worker/resolve.hpp"

namespace belay {

namespace asio = boost::asio;

WorkerTransport::WorkerTransport(asio::any_io_executor executor, WorkerOptions options)
    : executor_(std::move(executor)), options_(std::move(options)) {}

WorkerTransport::~WorkerTransport() {
  for (const auto& worker : workers_) worker->retire();
}

asio::awaitable<Result<std::shared_ptr<port::Connection>>> WorkerTransport::open(const port::HostAddress& host,
                                                                                 const port::Identity& identity,
                                                                                 std::chrono::milliseconds deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  std::vector<std::string> addresses;
  // The system's ssh looks names up itself: its configuration may send them through a jump host.
  if (host.transport == "ssh") {
    BELAY_CO_TRY(addresses, co_await resolve(host.name, host.address, until));
  }
  BELAY_CO_TRY(const auto worker, worker_for(host, identity));
  co_return co_await worker->open(host, std::move(addresses), until);
}

Result<std::shared_ptr<Worker>> WorkerTransport::worker_for(const port::HostAddress& host,
                                                            const port::Identity& identity) {
  std::erase_if(workers_, [](const auto& worker) { return !worker->alive(); });
  const auto fits = [&](const auto& worker) {
    return worker->transport() == host.transport && worker->identity().key_file == identity.key_file &&
           worker->load() < options_.connections_per_worker;
  };
  if (const auto it = std::ranges::find_if(workers_, fits); it != workers_.end()) return *it;
  BELAY_TRY(auto worker, Worker::start(executor_, host.transport, identity, options_));
  workers_.push_back(worker);
  return worker;
}

std::vector<pid_t> WorkerTransport::workers() const {
  std::vector<pid_t> pids;
  for (const auto& worker : workers_) {
    if (worker->alive()) pids.push_back(worker->pid());
  }
  return pids;
}

}  // namespace belay
