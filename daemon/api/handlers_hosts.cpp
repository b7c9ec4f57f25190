// Environments and their hosts.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/api/documents.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/host_json.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/wire/json.hpp"

namespace belay::api {
namespace {

const Environment* find_environment(const ApiContext& context, const std::string& name) {
  const auto found = std::ranges::find(context.environments, name, &Environment::name);
  return found == context.environments.end() ? nullptr : &*found;
}

Response no_environment(const std::string& name) {
  return problem(Error{
      Kind::not_found, fmt::format("there is no environment '{}'", show(name)), "`belay env list` shows them.", {}});
}

Response answer(const Json& shown) {
  Response response;
  response.body = text_of(shown);
  return response;
}

}  // namespace

Awaitable<Response> get_environments(const Request&, ApiContext& context) {
  std::map<std::string, int> hosts;
  for (const HostRow& row : co_await context.record.hosts()) ++hosts[row.environment];
  std::vector<std::string> documents;
  for (const Environment& environment : context.environments) {
    Json shown = document(environment);
    shown["hosts"] = hosts[environment.name];
    documents.push_back(text_of(shown));
  }
  co_return list_of(std::move(documents));
}

Awaitable<Response> get_environment(const Request& request, ApiContext& context) {
  const Environment* environment = find_environment(context, request.param("name"));
  if (environment == nullptr) co_return no_environment(request.param("name"));
  Json shown = document(*environment);
  shown["hosts"] = Json::array();
  for (const HostRow& row : co_await context.record.hosts()) {
    if (row.environment == environment->name) shown["hosts"].push_back(parsed(row.detail));
  }
  co_return answer(shown);
}

Awaitable<Response> check_environment(const Request& request, ApiContext& context) {
  if (find_environment(context, request.param("name")) == nullptr) co_return no_environment(request.param("name"));
  auto checked = co_await context.control.check(request.param("name"));
  if (!checked) co_return problem(checked.error());
  Response response;
  response.body = std::move(*checked);
  co_return response;
}

Awaitable<Response> get_hosts(const Request& request, ApiContext& context) {
  const std::string& environment = request.arg("environment");
  std::vector<std::string> documents;
  for (const HostRow& row : co_await context.record.hosts()) {
    if (environment.empty() || row.environment == environment) documents.push_back(text_of(parsed(row.detail)));
  }
  co_return list_of(std::move(documents));
}

Awaitable<Response> get_host(const Request& request, ApiContext& context) {
  for (const HostRow& row : co_await context.record.hosts()) {
    if (row.name == request.param("name")) co_return answer(parsed(row.detail));
  }
  co_return problem(Error{Kind::not_found,
                          fmt::format("there is no host '{}'", show(request.param("name"))),
                          "`belay host list` shows them, `belay host add` adds one.",
                          {}});
}

Awaitable<Response> put_host(const Request& request, ApiContext& context) {
  const auto host = host_from(request.param("name"), request.json, context.environments);
  if (!host) co_return problem(host.error());
  const Json shown = document(*host);
  const auto detail = wire::canonical_json(nlohmann::json(shown));
  if (!detail) co_return problem(detail.error());
  std::vector<RecordWrite> rows;
  rows.emplace_back(HostRow{host->name, host->environment, *detail});
  const auto sequence = co_await context.journal.append({}, std::move(rows));
  (void)sequence;
  co_return answer(shown);
}

Awaitable<Response> guard_host(const Request& request, ApiContext& context) {
  using engine::GuardVerb;
  const std::string wanted = request.text("verb");
  for (const GuardVerb verb : {GuardVerb::install, GuardVerb::remove, GuardVerb::show}) {
    if (wanted != to_string(verb)) continue;
    auto guarded = co_await context.control.guard(request.param("name"), verb, request.peer.actor);
    if (!guarded) co_return problem(guarded.error());
    Response response;
    response.body = std::move(*guarded);
    co_return response;
  }
  co_return problem(Error{Kind::invalid,
                          fmt::format("'{}' cannot be done to a boot hook", show(wanted)),
                          "Say install, remove or show.",
                          {}});
}

}  // namespace belay::api
