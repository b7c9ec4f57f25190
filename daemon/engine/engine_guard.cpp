// The boot hook of a host: what puts a step back when the host itself was started anew in the middle of it.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/base/escape.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/engine/planner.hpp"
#include "daemon/engine/preflight.hpp"

namespace belay::engine {

using nlohmann::json;

Awaitable<Result<std::string>> Engine::guard(std::string name, GuardVerb verb, std::string actor) {
  const std::vector<Host> inventory = co_await world_.hosts();
  const auto known = std::ranges::find(inventory, name, &Host::name);
  if (known == inventory.end())
    co_return fail(Kind::not_found, fmt::format("there is no host \"{}\"", show(name)), "`belay host list` shows them");
  const Environment* environment = world_.environment(known->environment);
  if (environment == nullptr)
    co_return fail(Kind::not_found,
                   fmt::format("there is no environment \"{}\", to which {} belongs", show(known->environment), name),
                   "`belay env list` shows them");
  BELAY_CO_TRY(const std::vector<Host> hosts, select_hosts(inventory, *environment, "all", {}));
  // It belongs there, so it is among them.
  const Host& host = *std::ranges::find(hosts, name, &Host::name);
  Links links = link_all(world_, *environment, {host}, world_.catalogue.kit_digest().hex());
  BELAY_CO_TRY(Leash * leash, co_await links.hosts[0].reach());
  // Brings the kit, of which the hook takes a copy.
  BELAY_CO_TRY(auto facts, co_await leash->facts());
  auto stands = co_await leash->guard(to_string(verb));
  if (verb != GuardVerb::show)
    spdlog::info("boot hook of {}: {} asked for by {}: {}", name, to_string(verb), show(actor),
                 stands ? show(*stands) : stands.error().text());
  if (!stands) co_return std::unexpected(stands.error());
  facts["guard"] = *stands;
  const GuaranteeClass promise = guarantee(facts, environment->dead_man_seconds);
  co_return json{{"name", name},
                 {"environment", environment->name},
                 {"guard", show(*stands)},
                 {"class", promise.name},
                 {"class_why", promise.why}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace belay::engine
