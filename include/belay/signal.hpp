// Signal: lets one coroutine sleep until another piece of the same thread has news for it.
//
// A notify() that comes before wait() is not lost; several in a row are one. One waiter at a time, one thread. Nothing
// fails. A cancelled wait returns false, and Asio throws at the waiter's next co_await, as everywhere.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace belay {

class Signal {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Signal(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  void notify() {
    set_ = true;
    timer_.cancel();
  }

  // True when notified (and takes the notice), false when `until` has come first.
  boost::asio::awaitable<bool> wait(Time until) {
    if (!set_) {
      timer_.expires_at(until);
      co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    const bool was = set_;
    set_ = false;
    co_return was;
  }

 private:
  boost::asio::steady_timer timer_;
  bool set_ = false;
};

}  // namespace belay
