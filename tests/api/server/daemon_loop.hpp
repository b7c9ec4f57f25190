// Daemon::on_loop, apart from the class so that its header stays readable.
#pragma once

#include <boost/asio/co_spawn.hpp>

#include "tests/api/server/daemon.hpp"

namespace belay::api::test {

template <class T>
T Daemon::on_loop(std::function<Awaitable<T>()> work) {
  std::promise<T> promise;
  auto future = promise.get_future();
  boost::asio::co_spawn(loop_, work(), [&promise](std::exception_ptr fault, T value) {
    if (fault) {
      promise.set_exception(fault);
    } else {
      promise.set_value(std::move(value));
    }
  });
  return future.get();
}

}  // namespace belay::api::test
