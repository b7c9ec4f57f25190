// Idempotency keys: a client that repeats a POST with the same key gets the first answer again, not a second run
// (threats J-80).
//
// Kept in memory, bounded in entries and bytes, oldest forgotten first: all answers, and repeats that come at the same
// time. That a run is started once also over a restart of the daemon is the engine's (StartRequest::key); repeating any
// other POST does no harm. A key belongs to one user, method and path. The same key with another body is
// Kind::conflict. A repeat that arrives while the first is still under way waits for it. Answers of status 5xx are not
// remembered: they are worth another try. Loop thread only.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "daemon/api/context.hpp"
#include "daemon/api/http.hpp"

namespace belay::api {

// What one key stands for: it belongs to one user and path.
[[nodiscard]] std::string key_of(const Request& request);

class Idempotency {
 public:
  explicit Idempotency(const ApiLimits& limits) : limits_(limits) {}

  // Runs `work` once per key; a request without a key always runs it.
  Awaitable<Response> once(const Request& request, std::function<Awaitable<Response>()> work);

  [[nodiscard]] std::size_t entries() const { return known_.size(); }

 private:
  struct Entry {
    std::string key;
    Digest body;
    bool done = false;
    Response answer;
    std::shared_ptr<boost::asio::steady_timer> waiters;  // cancelled when the first has ended
  };
  using Entries = std::list<Entry>;

  void forget(const std::string& key);
  void trim();

  const ApiLimits& limits_;
  Entries order_;  // oldest first
  std::unordered_map<std::string, Entries::iterator> known_;
  std::size_t bytes_ = 0;
};

}  // namespace belay::api
