#include "daemon/api/connection.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "daemon/api/admit.hpp"
#include "daemon/api/documents.hpp"
#include "daemon/api/problem.hpp"

namespace belay::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Socket = asio::local::stream_protocol::socket;
using Code = boost::system::error_code;
using Parser = http::request_parser<http::buffer_body>;

constexpr auto token = asio::as_tuple(asio::use_awaitable);
// Room for a header at its limit and one piece of a body behind it.
constexpr std::size_t buffer_bytes = 64u << 10;
// After a refusal with an unread body: how much of it is thrown away so that the sender gets to read the answer.
constexpr std::size_t linger_bytes = 16u << 20;
constexpr Milliseconds linger_time{2'000};

// Cuts a pending operation when its time is over: Asio has no deadlines of its own.
class Deadline {
 public:
  explicit Deadline(Socket& socket) : socket_(socket), timer_(socket.get_executor()) {}

  void set(Milliseconds time) {
    const auto mine = std::make_shared<bool>(true);
    if (current_) *current_ = false;
    current_ = mine;
    passed_ = false;
    timer_.expires_after(time);
    timer_.async_wait([this, mine](Code ec) {
      if (ec || !*mine) return;
      passed_ = true;
      Code ignored;
      socket_.cancel(ignored);
    });
  }
  void clear() {
    if (current_) *current_ = false;
    timer_.cancel();
  }
  [[nodiscard]] bool passed() const { return passed_; }

 private:
  Socket& socket_;
  asio::steady_timer timer_;
  std::shared_ptr<bool> current_;  // false: an older wait, possibly already queued, that must not fire
  bool passed_ = false;
};

Head head_of(const Parser& parser) {
  const auto& message = parser.get();
  Head head;
  head.method = std::string(message.method_string());
  head.target = std::string(message.target());
  head.http11 = message.version() == 11;
  for (const auto& field : message)
    head.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
  if (const auto length = parser.content_length()) head.content_length = *length;
  return head;
}

Response parse_problem(Code ec) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
    return problem(Error{Kind::invalid, "the request header is too large", "Send a header of at most 8 kB.", {}}, 431);
  }
  return problem(Error{Kind::invalid,
                       fmt::format("this is no HTTP/1.1 request ({})", ec.message()),
                       "See docs/api.md for how to speak to the daemon.",
                       {}},
                 400);
}

// The state shared by the parts of a connection.
class HttpConnection final : public Connection, public Sink, public BodySource {
 public:
  HttpConnection(Socket socket, Peer peer, ApiContext& context, Idempotency& idempotency)
      : socket_(std::move(socket)),
        deadline_(socket_),
        peer_(std::move(peer)),
        context_(context),
        idempotency_(idempotency) {}

  Awaitable<void> serve() override {
    while (!stopping_ && co_await one()) {
    }
    deadline_.clear();
    Code ignored;
    socket_.close(ignored);
  }

  void stop() override {
    stopping_ = true;
    if (idle_) cut();
    if (auto wake = std::exchange(wake_, {})) wake();
  }
  void cut() override {
    Code ignored;
    socket_.cancel(ignored);
    socket_.shutdown(Socket::shutdown_both, ignored);
  }

  // Sink
  Awaitable<bool> write(std::string piece) override {
    if (piece.empty()) co_return true;
    deadline_.set(context_.limits.write_deadline);
    const auto [ec, bytes] = co_await asio::async_write(socket_, http::make_chunk(asio::buffer(piece)), token);
    (void)bytes;
    deadline_.clear();
    sink_good_ = !ec;
    co_return !ec;
  }
  void break_off() override { sink_good_ = false; }
  void on_stop(std::function<void()> wake) override {
    wake_ = std::move(wake);
    if (stopping_ && wake_) std::exchange(wake_, {})();
  }
  [[nodiscard]] bool stopping() const override { return stopping_; }

  // BodySource: fills the whole block or reaches the end, within one deadline.
  Awaitable<Result<std::size_t>> read(std::span<char> into) override {
    if (parser_->is_done()) co_return 0;
    auto& body = parser_->get().body();
    body.data = into.data();
    body.size = into.size();
    body.more = true;
    deadline_.set(context_.limits.body_deadline);
    const auto [ec, bytes] = co_await http::async_read(socket_, buffer_, *parser_, token);
    (void)bytes;
    deadline_.clear();
    const std::size_t got = into.size() - body.size;
    if (ec && ec != http::error::need_buffer) {
      if (deadline_.passed()) {
        co_return fail(Kind::timeout, "the body came too slowly", "Send it faster, or in a quieter hour.");
      }
      co_return fail(Kind::io, "the sender went away in the middle of the body", "Send it again.");
    }
    co_return got;
  }

 private:
  // One request and its answer. False when the connection is over.
  Awaitable<bool> one() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(context_.limits.header_bytes));
    parser_->body_limit(boost::none);  // admit() decides by Content-Length, per route
    if (!co_await wait_for_request()) co_return false;
    started_ = std::chrono::steady_clock::now();

    deadline_.set(context_.limits.header_deadline);
    const auto [ec, bytes] = co_await http::async_read_header(socket_, buffer_, *parser_, token);
    (void)bytes;
    deadline_.clear();
    if (deadline_.passed()) {
      co_await refuse(problem(Error{Kind::timeout, "the request header came too slowly", "Send it at once.", {}}, 408),
                      {});
      co_return false;
    }
    if (ec) {
      if (ec.category() != http::make_error_code(http::error::end_of_stream).category()) co_return false;
      if (ec != http::error::end_of_stream && ec != http::error::partial_message)
        co_await refuse(parse_problem(ec), {});
      co_return false;
    }
    const Head head = head_of(*parser_);
    auto admitted = admit(head, context_.limits);
    if (!admitted) {
      co_await refuse(std::move(admitted).error(), head);
      co_return false;
    }
    co_return co_await answer(head, *admitted);
  }

  // Waits for the first byte of the next request, which may already be here (pipelining).
  Awaitable<bool> wait_for_request() {
    if (buffer_.size() > 0) co_return true;
    buffer_.shrink_to_fit();
    idle_ = true;
    deadline_.set(context_.limits.idle_deadline);
    const auto [ec] = co_await socket_.async_wait(Socket::wait_read, token);
    deadline_.clear();
    idle_ = false;
    co_return !ec && !stopping_;
  }

  Awaitable<bool> answer(const Head& head, Admitted& admitted) {
    Request& request = admitted.request;
    const Route& route = *admitted.route;
    request.peer = peer_;
    if (admitted.expect_continue && request.upload_bytes > 0) {
      static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      const auto [ec, bytes] = co_await asio::async_write(socket_, asio::buffer(go_on), token);
      (void)bytes;
      if (ec) co_return false;
    }
    if (route.takes == Takes::stream) {
      request.upload = this;
    } else if (auto read = co_await read_body(request); !read) {
      co_await refuse(problem(read.error(), read.error().kind == Kind::timeout ? 408 : 0), head);
      co_return false;
    }
    Response response = co_await handle(route, request);
    if (!parser_->is_done()) {
      co_await refuse(std::move(response), head);
      co_return false;
    }
    add_etag(request, response);
    const bool keep = parser_->get().keep_alive() && !stopping_;
    log(head, response);
    co_return co_await send(std::move(response), keep) && keep;
  }

  Awaitable<Result<void>> read_body(Request& request) {
    request.body.resize(request.upload_bytes);
    BELAY_CO_TRY(const std::size_t got, co_await read(request.body));
    request.body.resize(got);
    co_return Result<void>{};
  }

  Awaitable<Response> handle(const Route& route, Request& request) {
    try {
      if (route.takes == Takes::json) {
        if (auto read = admit_body(route, request, context_.limits); !read) co_return problem(read.error());
      }
      if (route.takes == Takes::stream) co_return co_await route.handle(request, context_);
      co_return co_await idempotency_.once(request, [&] { return route.handle(request, context_); });
    } catch (const std::exception& defect) {
      co_return problem(Error{Kind::internal,
                              fmt::format("a defect in the daemon: {}", defect.what()),
                              "Please report it with the daemon's log.",
                              {}});
    }
  }

  static void add_etag(const Request& request, Response& response) {
    if (request.method != Method::get || response.status != 200 || response.stream) return;
    const std::string tag = '"' + sha256(response.body).hex().substr(0, 32) + '"';
    if (request.if_none_match == tag) {
      response.status = 304;
      response.body.clear();
    }
    response.headers.emplace_back("ETag", tag);
  }

  Awaitable<bool> send(Response response, bool keep) {
    if (response.stream) co_return co_await send_stream(response, keep);
    http::response<http::string_body> message;
    fill(message, response, keep);
    message.body() = std::move(response.body);
    if (response.status != 304) message.prepare_payload();
    deadline_.set(context_.limits.write_deadline);
    const auto [ec, bytes] = co_await http::async_write(socket_, message, token);
    (void)bytes;
    deadline_.clear();
    co_return !ec;
  }

  Awaitable<bool> send_stream(Response& response, bool keep) {
    http::response<http::empty_body> message;
    fill(message, response, keep);
    message.chunked(true);
    http::response_serializer<http::empty_body> serializer(message);
    deadline_.set(context_.limits.write_deadline);
    const auto [ec, bytes] = co_await http::async_write_header(socket_, serializer, token);
    (void)bytes;
    deadline_.clear();
    if (ec) co_return false;
    sink_good_ = true;
    co_await response.stream(*this);
    if (!sink_good_) co_return false;
    const auto [last, count] = co_await asio::async_write(socket_, http::make_chunk_last(), token);
    (void)count;
    co_return !last;
  }

  template <class Message>
  static void fill(Message& message, const Response& response, bool keep) {
    message.version(11);
    message.result(static_cast<unsigned>(response.status));
    message.reason(reason_of(response.status));
    message.set(http::field::content_type, response.type);
    message.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) message.set(name, value);
    message.keep_alive(keep);
  }

  // An answer after which the connection ends. What the sender still has in hand is thrown away for a moment, so that a
  // client busy with sending gets to read why.
  Awaitable<void> refuse(Response response, Head head) {
    log(head, response);
    if (!co_await send(std::move(response), false)) co_return;
    Code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    deadline_.set(linger_time);
    idle_ = true;  // nothing is owed to anyone any more
    std::array<char, 16384> rest;
    for (std::size_t dropped = 0; dropped < linger_bytes && !stopping_;) {
      const auto [ec, bytes] = co_await socket_.async_read_some(asio::buffer(rest), token);
      if (ec || deadline_.passed()) break;
      dropped += bytes;
    }
    deadline_.clear();
  }

  void log(const Head& head, const Response& response) {
    if (!context_.log) return;
    const auto took = std::chrono::steady_clock::now() - started_;
    context_.log(Access{peer_.actor, head.method, head.target, response.status,
                        std::chrono::duration_cast<Milliseconds>(took).count(), response.problem});
  }

  Socket socket_;
  Deadline deadline_;
  Peer peer_;
  ApiContext& context_;
  Idempotency& idempotency_;
  beast::flat_buffer buffer_{buffer_bytes};
  std::optional<Parser> parser_;
  std::function<void()> wake_;
  std::chrono::steady_clock::time_point started_;
  bool idle_ = false;
  bool stopping_ = false;
  bool sink_good_ = true;
};

}  // namespace

std::shared_ptr<Connection> make_connection(Socket socket, Peer peer, ApiContext& context, Idempotency& idempotency) {
  return std::make_shared<HttpConnection>(std::move(socket), std::move(peer), context, idempotency);
}

std::string busy_answer() {
  const std::string body = problem(Error{Kind::conflict,
                                         "the daemon has too many connections",
                                         "Try again in a moment; close what is not needed.",
                                         {}},
                                   503)
                               .body;
  return fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n"
      "Connection: close\r\nContent-Length: {}\r\n\r\n{}",
      body.size(), body);
}

}  // namespace belay::api
