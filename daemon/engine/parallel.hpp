// Runs one coroutine per index at the same time and waits for all of them.
//
// `work(i)` must not throw; what it refers to must live until the awaitable is done. Loop thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <functional>

#include "belay/signal.hpp"
#include "daemon/port/journal.hpp"

namespace belay::engine {

inline Awaitable<void> for_each(boost::asio::any_io_executor executor, std::size_t count,
                                std::function<Awaitable<void>(std::size_t)> work) {
  Signal done(executor);
  std::size_t left = count;
  for (std::size_t i = 0; i < count; ++i)
    boost::asio::co_spawn(executor, work(i), [&](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
      --left;
      done.notify();
    });
  while (left > 0) co_await done.wait(std::chrono::steady_clock::now() + std::chrono::hours(1));
}

}  // namespace belay::engine
