// The network between a simulated daemon and the simulated hosts, behind port::Transport: every message is a point at
// which it can be lost, cut, late or garbled, or at which the daemon dies. One thread; loop of the daemon that owns it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "daemon/port/transport.hpp"
#include "tests/simulation/engine/host.hpp"

namespace belay::simulated {

class Daemon;

struct Network {
  std::map<std::string, std::unique_ptr<Host>> hosts = {};
};

class SimTransport final : public port::Transport {
 public:
  SimTransport(Setting& setting, Network& network, Daemon& daemon)
      : setting_(setting), network_(network), daemon_(daemon) {}
  boost::asio::awaitable<Result<std::shared_ptr<port::Connection>>> open(const port::HostAddress& host,
                                                                         const port::Identity& identity,
                                                                         std::chrono::milliseconds deadline) override;

 private:
  Setting& setting_;
  Network& network_;
  Daemon& daemon_;
};

}  // namespace belay::simulated
