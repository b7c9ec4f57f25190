// Runs: start, list, show, abort, prove; and what they leave: baselines and drift.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/api/documents.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/idempotency.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/base/digest.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/base/ulid.hpp"
#include "daemon/wire/run_document.hpp"

namespace belay::api {
namespace {

constexpr int page = 50;
constexpr int largest_page = 500;

Response of(Result<std::string> document, int status = 200) {
  if (!document) return problem(document.error());
  Response response;
  response.status = status;
  response.body = std::move(*document);
  return response;
}

Response id_of(const std::string& id) { return of(text_of(Json{{"id", id}}), 202); }

Result<void> known_run(const std::string& id) {
  if (is_ulid(id)) return {};
  return fail(Kind::not_found, fmt::format("'{}' is no run's id", show(id)), "`belay run list` shows the runs.");
}

Result<engine::StartRequest> start_request(const Request& request) {
  engine::StartRequest start;
  start.environment = request.text("environment");
  start.package = request.text("package");
  start.application = request.text("application");
  start.of = request.text("of");
  start.reason = request.text("reason");
  start.actor = request.peer.actor;
  if (!request.idempotency_key.empty()) start.key = sha256(key_of(request));
  start.asked = sha256(request.body);
  const std::string kind = request.text("kind");
  if (kind == "rollback") {
    start.kind = RunKind::rollback;
    if (!start.package.empty() || start.application.empty() == start.of.empty()) {
      return fail(Kind::invalid,
                  "a rollback needs either 'application' (with 'environment') or 'of', and no 'package'");
    }
    if (!start.application.empty() && start.environment.empty()) {
      return fail(Kind::invalid, "a rollback of an application needs 'environment'", "Say where it is to go back.");
    }
    if (!start.of.empty()) BELAY_TRYV(known_run(start.of));
    return start;
  }
  if (kind != "deploy" && kind != "rehearse") {
    return fail(Kind::invalid, fmt::format("there is no kind of run called '{}'", show(kind)),
                "Say deploy, rehearse or rollback.");
  }
  start.kind = kind == "deploy" ? RunKind::deploy : RunKind::rehearse;
  if (!start.application.empty() || !start.of.empty()) {
    return fail(Kind::invalid, "'application' and 'of' belong to a rollback", "Name the package by its digest.");
  }
  if (start.environment.empty())
    return fail(Kind::invalid, "the body needs 'environment'", "Say where the package is to go.");
  BELAY_TRY([[maybe_unused]] const Digest digest, Digest::parse(start.package));
  return start;
}

}  // namespace

Awaitable<Response> post_run(const Request& request, ApiContext& context) {
  auto start = start_request(request);
  if (!start) co_return problem(start.error());
  auto id = co_await context.control.start(std::move(*start));
  co_return id ? id_of(*id) : problem(id.error());
}

Awaitable<Response> get_runs(const Request& request, ApiContext& context) {
  RunFilter filter{request.arg("application"), request.arg("environment"), request.arg("state"), request.arg("before"),
                   page};
  if (const std::string& limit = request.arg("limit"); !limit.empty()) {
    int wanted = largest_page + 1;
    std::from_chars(limit.data(), limit.data() + limit.size(), wanted);
    if (wanted < 1 || wanted > largest_page) {
      co_return problem(Error{Kind::invalid, fmt::format("'limit' must be 1 to {}", largest_page), {}, {}});
    }
    filter.limit = wanted;
  }
  const auto wanted = static_cast<std::size_t>(filter.limit);
  ++filter.limit;  // one more than asked for tells whether there is another page
  auto rows = co_await context.record.runs(filter);
  std::string next;
  if (rows.size() > wanted) {
    rows.resize(wanted);
    next = rows.back().id;
  }
  std::vector<std::string> documents;
  for (const RunRow& row : rows) documents.push_back(text_of(wire::run_document(row)));
  co_return list_of(std::move(documents), next);
}

Awaitable<Response> get_run(const Request& request, ApiContext& context) {
  if (auto known = known_run(request.param("id")); !known) co_return problem(known.error());
  co_return of(co_await context.control.view(request.param("id")));
}

Awaitable<Response> get_proof(const Request& request, ApiContext& context) {
  if (auto known = known_run(request.param("id")); !known) co_return problem(known.error());
  co_return of(co_await context.control.proof(request.param("id")));
}

Awaitable<Response> abort_run(const Request& request, ApiContext& context) {
  const std::string& id = request.param("id");
  if (auto known = known_run(id); !known) co_return problem(known.error());
  const auto done = co_await context.control.abort(id, request.peer.actor, request.text("reason"));
  co_return done ? id_of(id) : problem(done.error());
}

Awaitable<Response> get_baselines(const Request& request, ApiContext& context) {
  const auto rows = co_await context.record.baselines(request.arg("application"), request.arg("environment"));
  std::vector<std::string> documents;
  for (const BaselineRow& row : rows) documents.push_back(text_of(document(row)));
  co_return list_of(std::move(documents));
}

Awaitable<Response> get_diff(const Request& request, ApiContext& context) {
  co_return of(
      co_await context.control.drift(request.arg("application"), request.arg("environment"), request.arg("against")));
}

}  // namespace belay::api
