#include "daemon/engine/host_link.hpp"

#include <chrono>
#include <utility>

namespace belay::engine {

const Environment* World::environment(const std::string& name) const {
  for (const Environment& one : environments)
    if (one.name == name) return &one;
  return nullptr;
}

HostLink::HostLink(World& world, const Environment& environment, port::Transport& transport, Host host, std::string kit)
    : world_(world), environment_(environment), transport_(transport), host_(std::move(host)), kit_(std::move(kit)) {}

Awaitable<Result<std::shared_ptr<port::Connection>>> HostLink::open() {
  const port::HostAddress address{.name = host_.name,
                                  .address = host_.address,
                                  .port = host_.port,
                                  .user = host_.user,
                                  .host_keys = host_.host_keys,
                                  .transport = host_.transport,
                                  .ssh_config = environment_.ssh_config};
  const port::Identity identity{environment_.key};
  co_return co_await transport_.open(address, identity, std::chrono::seconds(environment_.connect_seconds));
}

Awaitable<Result<Leash*>> HostLink::reach() {
  if (connection_ && connection_->alive()) co_return &*leash_;
  drop();
  BELAY_CO_TRY(connection_, co_await open());
  leash_.emplace(connection_, world_.catalogue, kit_, host_.base, environment_.become_root);
  co_return &*leash_;
}

Awaitable<Result<Leash*>> HostLink::reach_anew() {
  BELAY_CO_TRY(auto fresh, co_await open());
  drop();
  connection_ = std::move(fresh);
  leash_.emplace(connection_, world_.catalogue, kit_, host_.base, environment_.become_root);
  co_return &*leash_;
}

Awaitable<Result<std::unique_ptr<Leash>>> HostLink::beside() {
  BELAY_CO_TRY(auto fresh, co_await open());
  co_return std::make_unique<Leash>(std::move(fresh), world_.catalogue, kit_, host_.base, environment_.become_root);
}

void HostLink::cut() {
  was_cut = true;
  if (connection_) connection_->close();
}

void HostLink::drop() {
  leash_.reset();
  if (connection_) connection_->close();
  connection_.reset();
}

Links link_all(World& world, const Environment& environment, const std::vector<Host>& hosts, const std::string& kit) {
  Links out;
  out.transport = world.transport(environment);
  for (const Host& host : hosts) out.hosts.emplace_back(world, environment, *out.transport, host, kit);
  return out;
}

}  // namespace belay::engine
