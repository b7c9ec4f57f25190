// Feed: the events of one run, the past ones from the journal first, then the live ones, each exactly once and in
// order.
//
// It subscribes before it replays, so nothing falls between; what comes twice is dropped by its sequence number. A
// reader that lags behind by more than the limit is cut: it can come back with Last-Event-ID and loses nothing. Loop
// thread only.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "daemon/api/context.hpp"

namespace belay::api {

class Feed {
 public:
  enum class What : std::uint8_t {
    event,   // one more event
    silent,  // nothing happened for a heartbeat
    cut,     // the reader was too slow
    ended,   // the run has ended, or the daemon stops
  };

  Feed(boost::asio::any_io_executor loop, ApiContext& context, std::string run);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Reads the past events after `after`. Kind::not_found when there is no such run.
  Awaitable<Result<void>> open(std::uint64_t after);

  // Waits for the next event, which then stands in `out`. After `cut` or `ended` it must not be called again.
  Awaitable<What> next(Recorded& out);

  // Makes next() return `ended` at once.
  void stop();

 private:
  struct State;
  ApiContext& context_;
  std::string run_;
  std::shared_ptr<State> state_;
  std::uint64_t handle_ = 0;
  std::uint64_t last_ = 0;  // sequence number of the last event handed out
  bool subscribed_ = false;
};

}  // namespace belay::api
