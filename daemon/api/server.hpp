// Server: HTTP/1.1 on a Unix socket.
//
// Success: open() has bound the socket with its owner and mode before anyone can connect; start() takes connections.
// Failure: an Error that names the socket. A connection's fault never leaves that connection. stop() is graceful: no
// new connections, idle ones end, requests in flight get stop_deadline, streams end (clients come back with
// Last-Event-ID). Threads: everything on the loop thread. The ApiContext and the io_context must outlive the Server.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "daemon/api/context.hpp"
#include "daemon/base/error.hpp"

namespace belay::api {

struct SocketOptions {
  std::filesystem::path path;  // at most 107 bytes, a limit of the kernel
  std::optional<gid_t> group;  // set: mode 0660 and this group; otherwise 0600
};

class Server {
 public:
  // Kind::conflict when another process answers on this socket; a socket nobody answers on is replaced.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(boost::asio::io_context& loop, SocketOptions options,
                                                            ApiContext& context);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  // Returns when the last connection is gone; the socket's file is removed.
  Awaitable<void> stop();
  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  explicit Server(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace belay::api
