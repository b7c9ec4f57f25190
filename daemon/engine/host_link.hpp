// One host of a run as the engine holds it: its connection, made when needed, and the leash on it.
//
// Loop thread. A link serves one task at a time (`busy`); a lost connection is dropped, the next reach() makes a new
// one.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "daemon/engine/leash.hpp"
#include "daemon/engine/world.hpp"

namespace belay::engine {

class HostLink {
 public:
  HostLink(World& world, const Environment& environment, port::Transport& transport, Host host, std::string kit);

  // The leash, over a live connection. Errors as port::Transport::open.
  [[nodiscard]] Awaitable<Result<Leash*>> reach();
  // The same over a connection that is certainly new: who gets in now can get in again. The old one stays until the new
  // one stands.
  [[nodiscard]] Awaitable<Result<Leash*>> reach_anew();
  // A connection beside the first, for as long as the caller keeps it.
  [[nodiscard]] Awaitable<Result<std::unique_ptr<Leash>>> beside();
  // Forgets the connection; what ran on it is not ours any more.
  void drop();
  // Ends what runs on the connection while a task still waits for it: the task hears that it was lost, and drops.
  void cut();
  [[nodiscard]] const Host& host() const { return host_; }

  bool busy = false;
  bool interruptible = false;  // the task under way may be cut when the run turns back
  bool was_cut = false;        // the task under way was, by cut()

 private:
  [[nodiscard]] Awaitable<Result<std::shared_ptr<port::Connection>>> open();

  World& world_;
  const Environment& environment_;
  port::Transport& transport_;
  Host host_;
  std::string kit_;
  std::shared_ptr<port::Connection> connection_;
  std::optional<Leash> leash_;
};

// The hosts of one piece of work and the transport that carries them.
struct Links {
  std::unique_ptr<port::Transport> transport;
  std::deque<HostLink> hosts;  // a link never moves
};

[[nodiscard]] Links link_all(World& world, const Environment& environment, const std::vector<Host>& hosts,
                             const std::string& kit);

}  // namespace belay::engine
