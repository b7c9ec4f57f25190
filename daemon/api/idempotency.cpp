#include "daemon/api/idempotency.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/api/problem.hpp"

namespace belay::api {

namespace asio = boost::asio;

std::string key_of(const Request& request) {
  // Paths hold no newline (target.hpp), so the parts cannot run into each other.
  return std::to_string(request.peer.uid) + '\n' + request.path + '\n' + request.idempotency_key;
}

Awaitable<Response> Idempotency::once(const Request& request, std::function<Awaitable<Response>()> work) {
  if (request.idempotency_key.empty() || request.method != Method::post) co_return co_await work();
  const std::string key = key_of(request);
  const Digest body = sha256(request.body);

  for (auto found = known_.find(key); found != known_.end(); found = known_.find(key)) {
    if (found->second->body != body) {
      co_return problem(Error{
          Kind::conflict, "this Idempotency-Key was used with another body", "Use a new key for a new request.", {}});
    }
    if (found->second->done) co_return found->second->answer;
    const auto waiters = found->second->waiters;
    const auto [ec] = co_await waiters->async_wait(asio::as_tuple(asio::use_awaitable));
    (void)ec;  // always operation_aborted: the first has ended; look again
  }

  auto waiters =
      std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  known_[key] = order_.insert(order_.end(), Entry{key, body, false, {}, waiters});
  Response answer;
  try {
    answer = co_await work();
  } catch (...) {
    forget(key);
    waiters->cancel();
    throw;
  }
  if (answer.status >= 500 || answer.stream) {
    forget(key);
  } else {
    Entry& entry = *known_.at(key);
    entry.done = true;
    entry.answer = answer;
    bytes_ += answer.body.size();
    trim();
  }
  waiters->cancel();
  co_return answer;
}

void Idempotency::forget(const std::string& key) {
  const auto found = known_.find(key);
  if (found == known_.end()) return;
  bytes_ -= found->second->answer.body.size();
  order_.erase(found->second);
  known_.erase(found);
}

void Idempotency::trim() {
  // What is under way is never forgotten; connections bound how much of that there is.
  for (auto entry = order_.begin(); entry != order_.end();) {
    if (known_.size() <= limits_.idempotency_entries && bytes_ <= limits_.idempotency_bytes) return;
    const auto oldest = entry++;
    if (oldest->done) forget(std::string(oldest->key));
  }
}

}  // namespace belay::api
