// The daemon itself: alive, ready, and what it is doing.
#include <unistd.h>

#include "daemon/api/documents.hpp"
#include "daemon/api/handlers.hpp"

namespace belay::api {

Response list_of(std::vector<std::string> documents, const std::string& next) {
  std::string body = "{\"items\":[";
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if (i > 0) body += ',';
    body += documents[i];
  }
  body += "],\"next\":" + (next.empty() ? "null" : text_of(Json(next))) + "}";
  Response response;
  response.body = std::move(body);
  return response;
}

Awaitable<Response> get_health(const Request&, ApiContext&) {
  Response response;
  response.body = R"({"ok":true})";
  co_return response;
}

Awaitable<Response> get_ready(const Request&, ApiContext& context) {
  const bool ready = !context.ready || context.ready();
  Response response;
  response.status = ready ? 200 : 503;
  response.body = ready ? R"({"ready":true})" : R"({"ready":false})";
  co_return response;
}

Awaitable<Response> get_status(const Request&, ApiContext& context) {
  // More than a page of runs in flight is "at least so many"; nobody reads more off a status line.
  const auto running = co_await context.record.runs(
      {.application = {}, .environment = {}, .state = "running", .before = {}, .limit = 500});
  Response response;
  response.body = text_of(Json{{"version", context.version},
                               {"epoch", context.journal.epoch()},
                               {"pid", ::getpid()},
                               {"state_dir", context.state_dir},
                               {"ready", !context.ready || context.ready()},
                               {"runs_running", running.size()}});
  co_return response;
}

}  // namespace belay::api
