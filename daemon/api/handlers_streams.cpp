// Live state and output of a run, streamed: server-sent events, and log lines as JSON Lines.
#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <charconv>
#include <memory>

#include "daemon/api/documents.hpp"
#include "daemon/api/feed.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/base/escape.hpp"

namespace belay::api {
namespace {

// Pieces of this size go out at once when there is a lot to say.
constexpr std::size_t piece_bytes = 64u << 10;
// The leash caps what a step may print at 64 KiB; anything larger is no output blob of ours.
constexpr std::uint64_t output_bytes = 4u << 20;

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string sse(const Recorded& recorded) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", recorded.seq, to_string(recorded.event.type),
                     text_of(document(recorded)));
}

std::string_view op_of(EventType type) {
  switch (type) {
    case EventType::apply_done:
      return "apply";
    case EventType::verify_done:
      return "verify";
    case EventType::restored:
      return "restore";
    case EventType::host_settled:
      return "settle";
    case EventType::snap_done:
      return "snap";
    case EventType::probed:
      return "probe";
    default:
      return to_string(type);
  }
}

Awaitable<void> send_events(std::shared_ptr<Feed> feed, Sink& sink) {
  sink.on_stop([feed] { feed->stop(); });
  bool go = co_await sink.write("retry: 500\n\n");
  Recorded recorded;
  while (go) {
    const Feed::What what = co_await feed->next(recorded);
    if (what == Feed::What::cut) sink.break_off();
    if (what == Feed::What::cut || what == Feed::What::ended) break;
    go = co_await sink.write(what == Feed::What::event ? sse(recorded) : ": nothing new\n\n");
  }
  sink.on_stop({});
}

struct LogFilter {
  std::string host;
  int step = 0;
};

// The line of one event, or nothing when it has no output or is not asked for.
std::string log_line(const Recorded& recorded, const LogFilter& filter, const Blobs& blobs) {
  const Event& event = recorded.event;
  if (event.output.empty()) return {};
  if (!filter.host.empty() && filter.host != event.host) return {};
  if (filter.step != 0 && filter.step != event.step) return {};
  Json line{{"seq", recorded.seq}, {"at_ms", recorded.at_ms}, {"host", event.host},
            {"step", event.step},  {"op", op_of(event.type)}, {"rc", event.rc}};
  const auto digest = Digest::parse(event.output);
  const auto text = digest ? blobs.get(*digest, output_bytes) : Result<std::string>(std::unexpected(digest.error()));
  // What a host printed is bytes: it is made safe here, once, for every reader (threats G-58).
  if (text) {
    line["text"] = show(*text, true);
  } else {
    line["text"] = "";
    line["problem"] = text.error().text();
  }
  return text_of(line) + "\n";
}

Awaitable<void> send_logs(std::shared_ptr<Feed> feed, LogFilter filter, Blobs& blobs, Sink& sink) {
  sink.on_stop([feed] { feed->stop(); });
  Recorded recorded;
  for (;;) {
    const Feed::What what = co_await feed->next(recorded);
    if (what == Feed::What::cut) sink.break_off();
    if (what == Feed::What::cut || what == Feed::What::ended) break;
    // An empty line is valid between JSON Lines documents and finds out whether the reader is still there.
    std::string line = what == Feed::What::silent ? "\n" : log_line(recorded, filter, blobs);
    if (!line.empty() && !co_await sink.write(std::move(line))) break;
  }
  sink.on_stop({});
}

// Without `follow`: what the journal holds now, and no waiting.
Awaitable<void> send_past_logs(const std::vector<Recorded>& events, LogFilter filter, Blobs& blobs, Sink& sink) {
  std::string piece;
  for (const Recorded& recorded : events) {
    piece += log_line(recorded, filter, blobs);
    if (piece.size() < piece_bytes) continue;
    if (!co_await sink.write(std::exchange(piece, {}))) co_return;
  }
  if (!piece.empty()) (void)co_await sink.write(std::move(piece));
}

}  // namespace

Awaitable<Response> get_events(const Request& request, ApiContext& context) {
  const std::string& last = request.last_event_id.empty() ? request.arg("after") : request.last_event_id;
  auto feed = std::make_shared<Feed>(co_await boost::asio::this_coro::executor, context, request.param("id"));
  if (auto opened = co_await feed->open(number(last)); !opened) co_return problem(opened.error());
  Response response;
  response.type = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.stream = [feed](Sink& sink) { return send_events(feed, sink); };
  co_return response;
}

Awaitable<Response> get_logs(const Request& request, ApiContext& context) {
  LogFilter filter{request.arg("host"),
                   static_cast<int>(std::min<std::uint64_t>(number(request.arg("step")), 1'000'000))};
  const std::uint64_t after = number(request.arg("after"));
  Response response;
  response.type = "application/jsonl";
  response.headers.emplace_back("Cache-Control", "no-store");
  if (request.arg("follow") == "true") {
    auto feed = std::make_shared<Feed>(co_await boost::asio::this_coro::executor, context, request.param("id"));
    if (auto opened = co_await feed->open(after); !opened) co_return problem(opened.error());
    response.stream = [feed, filter, &context](Sink& sink) { return send_logs(feed, filter, context.blobs, sink); };
    co_return response;
  }
  if (!co_await context.record.run(request.param("id"))) {
    co_return problem(Error{Kind::not_found,
                            fmt::format("there is no run {}", show(request.param("id"))),
                            "`belay run list` shows the runs.",
                            {}});
  }
  auto events = co_await context.journal.events(request.param("id"), after);
  response.stream = [events = std::move(events), filter, &context](Sink& sink) {
    return send_past_logs(events, filter, context.blobs, sink);
  };
  co_return response;
}

}  // namespace belay::api
