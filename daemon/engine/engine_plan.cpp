// Planning: reach every host, learn its facts, resolve the playbook; and what each step would do there.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/base/escape.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/engine/parallel.hpp"
#include "daemon/engine/plan_codec.hpp"
#include "daemon/engine/planner.hpp"
#include "daemon/engine/preflight.hpp"
#include "daemon/engine/stage_tar.hpp"
#include "daemon/engine/text_diff.hpp"

namespace belay::engine {

using nlohmann::json;

namespace {

constexpr std::size_t largest_shown = 256 * 1024;  // of a text file, for a diff

json item_json(const PlanItem& item, std::string diff) {
  return {{"class", item.item_class},
          {"path", show(decode_path(item.path))},
          {"digest_new", item.digest_new},
          {"digest_old", item.digest_old},
          {"diff", std::move(diff)}};
}

// The diff of one item, when both sides are text and small enough; empty otherwise.
Awaitable<std::string> diff_of(Leash& leash, const Blobs& blobs, const PlanItem& item) {
  if (item.item_class != "changed" && item.item_class != "new") co_return std::string();
  const auto name = Digest::parse(item.digest_new);
  if (!name || !blobs.has(*name)) co_return std::string();
  const auto size = blobs.size(*name);
  if (!size || *size > largest_shown) co_return std::string();
  const auto planned = blobs.get(*name, largest_shown);
  if (!planned) co_return std::string();
  std::string current;
  if (item.item_class == "changed") {
    auto read = co_await leash.read(item.path, largest_shown + 1);
    if (!read || read->size() > largest_shown) co_return std::string();
    current = std::move(*read);
  }
  co_return text_diff(current, *planned, show(decode_path(item.path)));
}

std::string way_back_words(const PlanStep& step) {
  switch (step.way_back) {
    case WayBack::nothing:
      return "touches nothing";
    case WayBack::snapshot:
      return "snapshot of what it touches";
    case WayBack::undo:
      return "its own undo";
    case WayBack::none:
      return "NONE: what it does stays";
  }
  return "?";
}

Awaitable<json> step_document(Leash& leash, const Blobs& blobs, const Plan& plan, std::size_t h, std::size_t i) {
  const PlanStep& spec = plan.steps[i];
  const HostStep& step = plan.hosts[h].steps[i];
  json out{{"step", i + 1},
           {"name", spec.name},
           {"action", spec.action},
           {"when", spec.when},
           {"skipped", step.skipped},
           {"opaque", spec.opaque},
           {"way_back", way_back_words(spec)},
           {"items", json::array()},
           {"note", step.why_skipped}};
  if (step.skipped) co_return out;
  json touches = json::array();
  for (const Touch& touch : step.touches)
    touches.push_back(touch.resource + " " + show(touch.params.empty() ? "" : touch.params.begin()->second));
  out["touches"] = std::move(touches);
  if (spec.opaque) {
    out["note"] = "its effect cannot be known beforehand";
    co_return out;
  }
  const auto tar = step_tar(step, spec.action, 0);
  const auto items = tar ? co_await leash.plan(*tar) : Result<std::string>(std::unexpected(tar.error()));
  if (!items) {
    out["opaque"] = true;
    out["note"] = "the host could not say what it would change: " + items.error().text();
    co_return out;
  }
  for (const PlanItem& item : parse_items(*items)) {
    if (item.item_class == "opaque") out["opaque"] = true;
    out["items"].push_back(item_json(item, co_await diff_of(leash, blobs, item)));
  }
  co_return out;
}

struct Reached {
  Links links;
  std::vector<Facts> facts;
  std::vector<std::optional<Error>> errors;
};

// Reaches all hosts at once; what could not be reached stands in `errors`.
Awaitable<void> reach_all(World& world, const Environment& environment, const std::vector<Host>& hosts, Reached& out) {
  out.links = link_all(world, environment, hosts, world.catalogue.kit_digest().hex());
  out.facts.resize(hosts.size());
  out.errors.resize(hosts.size());
  co_await for_each(world.executor, hosts.size(), [&](std::size_t i) -> Awaitable<void> {
    auto leash = co_await out.links.hosts[i].reach();
    if (!leash) {
      out.errors[i] = leash.error();
      co_return;
    }
    auto facts = co_await (*leash)->facts();
    if (facts)
      out.facts[i] = std::move(*facts);
    else
      out.errors[i] = facts.error();
  });
}

std::optional<Error> first_error(const std::vector<Host>& hosts, const Reached& reached) {
  std::optional<Error> out;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (!reached.errors[i]) continue;
    if (!out)
      out = Error{reached.errors[i]->kind, hosts[i].name + ": " + reached.errors[i]->what, reached.errors[i]->next,
                  std::nullopt};
    else
      out->what += "; " + hosts[i].name + ": " + reached.errors[i]->what;
  }
  return out;
}

}  // namespace

Awaitable<Result<Engine::Planned>> Engine::make_plan_for(const std::string& package, const Environment& environment) {
  Planned out;
  BELAY_CO_TRY(out.contents, co_await world_.contents(package));
  const std::vector<Host> inventory = co_await world_.hosts();
  const Playbook& playbook = out.contents.playbook;
  BELAY_CO_TRY(std::vector<Host> hosts, select_hosts(inventory, environment, playbook.hosts, playbook.place));
  Reached reached;
  co_await reach_all(world_, environment, hosts, reached);
  if (auto error = first_error(hosts, reached)) co_return std::unexpected(*error);
  std::map<std::string, Facts> facts;
  for (std::size_t i = 0; i < hosts.size(); ++i) facts[hosts[i].name] = reached.facts[i];
  BELAY_CO_TRY(out.plan,
               make_plan({out.contents, environment, std::move(hosts), facts, world_.catalogue, world_.blobs}));
  out.facts = std::move(reached.facts);
  out.links = std::move(reached.links);
  co_return out;
}

Awaitable<Result<std::string>> Engine::plan(std::string package, std::string environment_name) {
  const Environment* environment = world_.environment(environment_name);
  if (environment == nullptr)
    co_return fail(Kind::not_found, fmt::format("there is no environment \"{}\"", show(environment_name)),
                   "`belay env list` shows them");
  BELAY_CO_TRY(Planned planned, co_await make_plan_for(package, *environment));
  const Plan& plan = planned.plan;
  std::vector<json> documents(plan.hosts.size());
  co_await for_each(world_.executor, plan.hosts.size(), [&](std::size_t h) -> Awaitable<void> {
    const GuaranteeClass promise = guarantee(planned.facts[h], plan.dead_man_seconds);
    json document{{"name", plan.hosts[h].host.name},
                  {"batch", plan.hosts[h].batch},
                  {"class", promise.name},
                  {"class_why", promise.why},
                  {"steps", json::array()}};
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      auto leash = co_await planned.links.hosts[h].reach();
      if (!leash) {
        document["note"] = leash.error().text();
        break;
      }
      document["steps"].push_back(co_await step_document(**leash, world_.blobs, plan, h, i));
    }
    documents[h] = std::move(document);
  });
  const std::string text = write_plan(plan);
  json way_back = json::object();
  for (const PlanStep& step : plan.steps) way_back[step.name] = way_back_words(step);
  json findings = json::array();
  for (const PlanStep& step : plan.steps) {
    if (step.way_back == WayBack::none)
      findings.push_back({{"level", environment->rules.allow_irreversible ? "warning" : "error"},
                          {"rule", "KY-2"},
                          {"message", fmt::format("step \"{}\" has no way back", step.name)},
                          {"next", "Give it `touches` or `undo`"}});
  }
  co_return json{{"digest", sha256(text).hex()},
                 {"application", plan.application},
                 {"version", plan.version},
                 {"environment", plan.environment},
                 {"package", plan.package},
                 {"playbook", plan.playbook},
                 {"kit", plan.kit},
                 {"way_back", std::move(way_back)},
                 {"hosts", documents},
                 {"findings", std::move(findings)}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Awaitable<Result<std::string>> Engine::check(std::string environment_name) {
  const Environment* environment = world_.environment(environment_name);
  if (environment == nullptr)
    co_return fail(Kind::not_found, fmt::format("there is no environment \"{}\"", show(environment_name)),
                   "`belay env list` shows them");
  const std::vector<Host> inventory = co_await world_.hosts();
  BELAY_CO_TRY(const std::vector<Host> hosts, select_hosts(inventory, *environment, "all", {}));
  Reached reached;
  co_await reach_all(world_, *environment, hosts, reached);
  json out{{"environment", environment->name}, {"hosts", json::array()}};
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    json problems = json::array();
    const Facts& facts = reached.facts[i];
    if (reached.errors[i])
      problems.push_back({{"what", reached.errors[i]->what}, {"next", reached.errors[i]->next}});
    else
      for (const Problem& problem : problems_of(facts, 0, environment->dead_man_seconds))
        problems.push_back({{"what", problem.what}, {"next", problem.next}});
    const GuaranteeClass promise =
        reached.errors[i] ? GuaranteeClass{"-", ""} : guarantee(facts, environment->dead_man_seconds);
    out["hosts"].push_back({{"name", hosts[i].name},
                            {"address", fmt::format("{}:{}", hosts[i].address, hosts[i].port)},
                            {"ok", problems.empty()},
                            {"class", promise.name},
                            {"class_why", promise.why},
                            {"facts", facts},
                            {"problems", std::move(problems)}});
  }
  co_return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace belay::engine
