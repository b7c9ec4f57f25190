#include "daemon/api/server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "daemon/api/connection.hpp"
#include "daemon/api/idempotency.hpp"
#include "daemon/api/peer.hpp"

namespace belay::api {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;
using Code = boost::system::error_code;

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);
// Out of descriptors or memory: a pause lets connections end instead of turning the loop hot.
constexpr Milliseconds accept_pause{100};

Result<void> check_path(const std::filesystem::path& path) {
  if (path.native().size() > 107 || !path.is_absolute()) {
    return fail(Kind::invalid, fmt::format("'{}' cannot be a socket's path", path.native()),
                "Give an absolute path of at most 107 bytes.");
  }
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return fail(Kind::conflict, fmt::format("'{}' is there and is no socket", path.native()),
                "Remove it or choose another path.");
  }
  return {};
}

// True when somebody answers on the socket.
bool answered(asio::io_context& loop, const std::filesystem::path& path) {
  Local::socket probe(loop);
  Code ec;
  probe.connect(Local::endpoint(path.native()), ec);
  return !ec;
}

Error socket_error(const std::filesystem::path& path, const std::string& what, const Code& ec) {
  return Error{Kind::io,
               fmt::format("cannot {} the socket '{}': {}", what, path.native(), ec.message()),
               "See that its directory is there and belongs to the daemon's user.",
               {}};
}

}  // namespace

struct Server::State {
  State(asio::io_context& context, SocketOptions socket, ApiContext& api_context)
      : loop(context),
        options(std::move(socket)),
        api(api_context),
        idempotency(api.limits),
        acceptor(context),
        drained(context) {}

  asio::io_context& loop;
  SocketOptions options;
  ApiContext& api;
  Idempotency idempotency;
  Peers peers;
  Local::acceptor acceptor;
  asio::steady_timer drained;  // cancelled when the last connection is gone
  std::set<std::shared_ptr<Connection>> connections;
  std::map<uid_t, std::size_t> per_user;
  bool accepting = false;
  bool stopping = false;

  void log(const std::string& what) const {
    if (api.log) api.log(Access{"", "", options.path.native(), 0, 0, what});
  }

  void report(const std::exception_ptr& fault) const {
    if (!fault) return;
    try {
      std::rethrow_exception(fault);
    } catch (const std::exception& defect) {
      log(fmt::format("a connection ended with a defect: {}", defect.what()));
    }
  }

  Result<void> bind() {
    BELAY_TRYV(check_path(options.path));
    if (answered(loop, options.path)) {
      return fail(Kind::conflict, fmt::format("another process answers on '{}'", options.path.native()),
                  "Stop it, or give this daemon another socket.");
    }
    ::unlink(options.path.c_str());
    Code ec;
    acceptor.open(Local(), ec);
    // Nobody may connect before owner and mode are right. umask is the process's: this runs at start, on one thread.
    const mode_t before = ::umask(0177);
    if (!ec) acceptor.bind(Local::endpoint(options.path.native()), ec);
    ::umask(before);
    if (ec) return std::unexpected(socket_error(options.path, "make", ec));
    if (options.group) {
      if (::chown(options.path.c_str(), static_cast<uid_t>(-1), *options.group) != 0 ||
          ::chmod(options.path.c_str(), 0660) != 0) {
        return std::unexpected(
            socket_error(options.path, "give its group to", Code(errno, boost::system::system_category())));
      }
    }
    acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) return std::unexpected(socket_error(options.path, "listen on", ec));
    return {};
  }

  static Awaitable<void> accept(std::shared_ptr<State> self) {
    while (!self->stopping) {
      auto [ec, socket] = co_await self->acceptor.async_accept(token);
      if (self->stopping || ec == asio::error::operation_aborted) break;
      if (ec) {
        self->log(fmt::format("cannot take a connection: {}", ec.message()));
        asio::steady_timer pause(self->loop, accept_pause);
        (void)co_await pause.async_wait(token);
        continue;
      }
      self->take(self, std::move(socket));
    }
  }

  void take(const std::shared_ptr<State>& self, Local::socket socket) {
    auto peer = peers.of(socket.native_handle());
    if (!peer) {
      log(peer.error().text());
      return;
    }
    const uid_t uid = peer->uid;
    if (connections.size() >= api.limits.connections || per_user[uid] >= api.limits.connections_per_user) {
      // One write into an empty socket buffer: it fits, or the client has gone.
      const std::string answer = busy_answer();
      Code ignored;
      socket.non_blocking(true, ignored);
      socket.write_some(asio::buffer(answer), ignored);
      return;
    }
    ++per_user[uid];
    auto connection = make_connection(std::move(socket), std::move(*peer), api, idempotency);
    connections.insert(connection);
    asio::co_spawn(loop, connection->serve(), [self, connection, uid](std::exception_ptr fault) {
      self->report(fault);
      self->connections.erase(connection);
      if (--self->per_user[uid] == 0) self->per_user.erase(uid);
      if (self->connections.empty()) self->drained.cancel();
    });
  }
};

Result<std::unique_ptr<Server>> Server::open(asio::io_context& loop, SocketOptions options, ApiContext& context) {
  auto state = std::make_shared<State>(loop, std::move(options), context);
  BELAY_TRYV(state->bind());
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() {
  Code ignored;
  state_->stopping = true;
  state_->acceptor.close(ignored);
}

void Server::start() {
  if (std::exchange(state_->accepting, true)) return;
  asio::co_spawn(state_->loop, State::accept(state_),
                 [state = state_](std::exception_ptr fault) { state->report(fault); });
}

Awaitable<void> Server::stop() {
  const auto state = state_;
  if (std::exchange(state->stopping, true)) co_return;
  Code ignored;
  state->acceptor.close(ignored);
  ::unlink(state->options.path.c_str());
  const auto wait_until_gone = [&](Milliseconds time) -> Awaitable<void> {
    state->drained.expires_after(time);
    while (!state->connections.empty()) {
      const auto [ec] = co_await state->drained.async_wait(token);
      if (!ec) break;
    }
  };
  // Copies: a connection may take itself out of the set while it is asked.
  const auto asked = state->connections;
  for (const auto& connection : asked) connection->stop();
  co_await wait_until_gone(state->api.limits.stop_deadline);
  const auto late = state->connections;
  for (const auto& connection : late) connection->cut();
  co_await wait_until_gone(Milliseconds{1'000});
}

std::size_t Server::connections() const { return state_->connections.size(); }

}  // namespace belay::api
