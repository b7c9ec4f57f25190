// Time as the engine sees it, so that tests can move it by hand.
//
// `now_ms` is wall-clock time in milliseconds since the Unix epoch, for the record only: no deadline is ever computed
// from it. Any thread. `wait` comes back when at least `time` has passed, by a clock that only goes forward; loop
// thread. Neither fails.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>

namespace belay {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::int64_t now_ms() const = 0;
  [[nodiscard]] virtual boost::asio::awaitable<void> wait(std::chrono::milliseconds time) const = 0;
};

}  // namespace belay
