#include "tests/support/proxy/proxy.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <thread>

namespace belay::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using Direction = Fault::Direction;

namespace {
constexpr auto quiet = asio::as_tuple(asio::use_awaitable);

struct Pair {
  Pair(tcp::socket client_, const asio::any_io_executor& executor) : client(std::move(client_)), server(executor) {}
  tcp::socket client, server;
};

void cut(tcp::socket& socket, bool reset) {
  boost::system::error_code ignored;
  // Linger with no time makes close() send RST.
  if (reset) socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}
}  // namespace

struct Proxy::State {
  State(std::uint16_t server_port, const std::string& server_address)
      : server(asio::ip::make_address_v4(server_address), server_port),
        acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        port(acceptor.local_endpoint().port()) {
    asio::co_spawn(io, accept(), asio::detached);
    thread = std::thread([this] { io.run(); });
  }

  ~State() {
    io.stop();
    thread.join();
  }

  asio::awaitable<void> accept() {
    for (;;) {
      auto [error, socket] = co_await acceptor.async_accept(quiet);
      if (error) co_return;
      asio::co_spawn(io, serve(std::make_shared<Pair>(std::move(socket), io.get_executor())), asio::detached);
    }
  }

  asio::awaitable<void> serve(std::shared_ptr<Pair> pair) {
    if (fault.kind == Fault::Kind::blackhole) co_return co_await hold(pair);
    const auto [error] = co_await pair->server.async_connect(server, quiet);
    if (error) co_return cut(pair->client, true);
    pair->client.set_option(tcp::no_delay(true));
    pair->server.set_option(tcp::no_delay(true));
    asio::co_spawn(io, pump(pair, Direction::to_server), asio::detached);
    asio::co_spawn(io, pump(pair, Direction::to_client), asio::detached);
  }

  // Keeps both sockets open without looking at them.
  asio::awaitable<void> hold(std::shared_ptr<Pair> pair) {
    asio::steady_timer never(io, std::chrono::steady_clock::time_point::max());
    co_await never.async_wait(quiet);
  }

  // True when the fault's time has come for this direction.
  bool due(Direction direction) const { return fault.direction == direction && seen >= fault.after; }

  asio::awaitable<void> pump(std::shared_ptr<Pair> pair, Direction direction) {
    tcp::socket& from = direction == Direction::to_server ? pair->client : pair->server;
    tcp::socket& to = direction == Direction::to_server ? pair->server : pair->client;
    std::array<char, 16384> buffer;
    for (;;) {
      const auto [error, size] = co_await from.async_read_some(asio::buffer(buffer), quiet);
      if (error) {
        boost::system::error_code ignored;
        to.shutdown(tcp::socket::shutdown_send, ignored);
        co_return;
      }
      std::size_t sent = 0;
      while (sent < size) {
        std::size_t piece = size - sent;
        if (stalled) co_return co_await hold(pair);
        if (fault.direction == direction && fault.kind != Fault::Kind::none) {
          if (!due(direction)) {
            piece = static_cast<std::size_t>(std::min<std::uint64_t>(piece, fault.after - seen));
          } else if (fault.kind == Fault::Kind::stall) {
            stalled = true;
            continue;
          } else if (fault.kind == Fault::Kind::fin || fault.kind == Fault::Kind::rst) {
            cut(pair->client, fault.kind == Fault::Kind::rst);
            cut(pair->server, fault.kind == Fault::Kind::rst);
            co_return;
          } else if (fault.kind == Fault::Kind::dribble) {
            piece = 1;
          } else if (fault.kind == Fault::Kind::delay) {
            asio::steady_timer late(io, fault.late);
            co_await late.async_wait(quiet);
          }
        }
        const auto [broken, written] = co_await asio::async_write(to, asio::buffer(buffer.data() + sent, piece), quiet);
        if (broken) co_return cut(from, false);
        sent += written;
        (direction == Direction::to_server ? up : down) += written;
        if (fault.direction == direction) seen += written;
      }
    }
  }

  asio::io_context io{1};
  tcp::endpoint server;
  tcp::acceptor acceptor;
  std::uint16_t port;
  Fault fault;
  std::uint64_t seen = 0;
  bool stalled = false;
  std::atomic<std::uint64_t> up = 0, down = 0;
  std::thread thread;
};

Proxy::Proxy(std::uint16_t server_port, const std::string& server_address)
    : state_(std::make_unique<State>(server_port, server_address)) {}
Proxy::~Proxy() = default;

std::uint16_t Proxy::port() const { return state_->port; }

void Proxy::set(Fault fault) {
  asio::post(state_->io, [state = state_.get(), fault] {
    state->fault = fault;
    state->seen = 0;
    state->stalled = false;
  });
}

std::uint64_t Proxy::forwarded(Direction direction) const {
  return direction == Direction::to_server ? state_->up : state_->down;
}

}  // namespace belay::test
