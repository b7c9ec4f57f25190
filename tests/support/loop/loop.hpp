// Loop: runs one coroutine after the other to its end on an io_context, as the daemon's loop thread would.
//
// A coroutine that does not end within `patience` throws std::runtime_error: a hang is a failure, not a timeout of
// ctest.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

namespace belay::test {

class Loop {
 public:
  boost::asio::io_context io{1};

  template <class T>
  T run(boost::asio::awaitable<T> work, std::chrono::seconds patience = std::chrono::seconds(240)) {
    std::optional<T> result;
    std::exception_ptr failure;
    boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr error, T value) {
      failure = error;
      result = std::move(value);
      io.stop();
    });
    io.restart();
    io.run_for(patience);
    if (failure) std::rethrow_exception(failure);
    if (!result) throw std::runtime_error("a coroutine hangs");
    return std::move(*result);
  }

  // Lets what is pending happen until `done` holds. False when it never does.
  template <class Condition>
  bool until(Condition done, std::chrono::seconds patience = std::chrono::seconds(60)) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!done() && std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_for(std::chrono::milliseconds(2));
    }
    return done();
  }
};

}  // namespace belay::test
