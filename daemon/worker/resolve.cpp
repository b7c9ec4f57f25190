#include "daemon/worker/resolve.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>

#include "daemon/base/escape.hpp"

namespace belay {

namespace asio = boost::asio;

asio::awaitable<Result<std::vector<std::string>>> resolve(std::string host, std::string address,
                                                          Signal::Time deadline) {
  boost::system::error_code no_number;
  const auto number = asio::ip::make_address(address, no_number);
  if (!no_number) co_return std::vector{number.to_string()};
  // getaddrinfo cannot be interrupted; past the deadline its answer is simply not waited for any more.
  struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), done(executor) {}
    asio::ip::tcp::resolver resolver;
    Signal done;
    std::optional<boost::system::error_code> error;
    std::vector<std::string> found;
  };
  const auto lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor);
  lookup->resolver.async_resolve(address, "", [lookup](const boost::system::error_code& error, const auto& results) {
    lookup->error = error;
    for (const auto& entry : results) lookup->found.push_back(entry.endpoint().address().to_string());
    lookup->done.notify();
  });
  while (!lookup->error && co_await lookup->done.wait(deadline)) {
  }
  const std::string who = "host " + show(host) + ": the name " + show(address);
  if (!lookup->error) {
    co_return fail(Kind::timeout, who + " was not resolved before the deadline", "Check the daemon's name server.");
  }
  if (*lookup->error || lookup->found.empty()) {
    co_return fail(Kind::unreachable, who + " does not resolve: " + lookup->error->message(),
                   "Correct the address in the inventory, or add it to the name service.");
  }
  co_return lookup->found;
}

}  // namespace belay
