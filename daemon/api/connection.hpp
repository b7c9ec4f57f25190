// One connection: requests one after the other, each within its limits and deadlines, answers in the same order.
//
// serve() returns when the connection is over, for whatever reason; it throws nothing but what a defect throws. Loop
// thread only. The only place that knows Boost.Beast is connection.cpp.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <memory>

#include "daemon/api/context.hpp"
#include "daemon/api/http.hpp"
#include "daemon/api/idempotency.hpp"

namespace belay::api {

class Connection {
 public:
  Connection() = default;
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  virtual Awaitable<void> serve() = 0;
  // Ends when idle, else after the request in hand; streams are asked to end.
  virtual void stop() = 0;
  // Ends now.
  virtual void cut() = 0;
};

[[nodiscard]] std::shared_ptr<Connection> make_connection(boost::asio::local::stream_protocol::socket socket, Peer peer,
                                                          ApiContext& context, Idempotency& idempotency);

// The answer for a connection that is one too many, sent without reading anything.
[[nodiscard]] std::string busy_answer();

}  // namespace belay::api
