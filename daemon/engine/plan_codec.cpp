#include "daemon/engine/plan_codec.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "daemon/base/escape.hpp"

namespace belay::engine {
namespace {

using nlohmann::json;
constexpr int format = 1;

json write_files(const ParamFiles& files) {
  json out = json::object();
  for (const auto& [name, bytes] : files) out[name] = encode_path(bytes);
  return out;
}

ParamFiles read_files(const json& from) {
  ParamFiles out;
  for (const auto& [name, bytes] : from.items()) out[name] = decode_path(bytes.get<std::string>());
  return out;
}

// An enumeration's number; `last` is its greatest.
template <class Enum>
Enum read_word(const json& from, Enum last) {
  const auto number = from.get<std::int64_t>();
  if (number < 0 || number > static_cast<std::int64_t>(last))
    throw json::other_error::create(599, "a number stands for nothing", &from);
  return static_cast<Enum>(number);
}

json write_host(const PlanHost& host) {
  json steps = json::array();
  for (const HostStep& step : host.steps) {
    if (step.skipped) {
      steps.push_back({{"skipped", step.why_skipped}});
      continue;
    }
    json touches = json::array();
    for (const Touch& touch : step.touches)
      touches.push_back({{"resource", touch.resource}, {"params", write_files(touch.params)}});
    steps.push_back({{"params", write_files(step.params)},
                     {"touches", std::move(touches)},
                     {"blobs", step.blobs},
                     {"when_values", write_files(step.when_values)}});
  }
  const Host& h = host.host;
  return {{"name", h.name},           {"environment", h.environment},
          {"address", h.address},     {"port", h.port},
          {"user", h.user},           {"base", h.base},
          {"transport", h.transport}, {"groups", h.groups},
          {"host_keys", h.host_keys}, {"vars", write_files(h.vars)},
          {"batch", host.batch},      {"steps", std::move(steps)}};
}

PlanHost read_host(const json& from) {
  PlanHost out;
  Host& h = out.host;
  from.at("name").get_to(h.name);
  from.at("environment").get_to(h.environment);
  from.at("address").get_to(h.address);
  from.at("port").get_to(h.port);
  from.at("user").get_to(h.user);
  from.at("base").get_to(h.base);
  from.at("transport").get_to(h.transport);
  from.at("groups").get_to(h.groups);
  from.at("host_keys").get_to(h.host_keys);
  h.vars = read_files(from.at("vars"));
  from.at("batch").get_to(out.batch);
  for (const json& step : from.at("steps")) {
    HostStep here;
    if (step.contains("skipped")) {
      here.skipped = true;
      step.at("skipped").get_to(here.why_skipped);
    } else {
      here.params = read_files(step.at("params"));
      for (const json& touch : step.at("touches"))
        here.touches.push_back({touch.at("resource").get<std::string>(), read_files(touch.at("params"))});
      step.at("blobs").get_to(here.blobs);
      here.when_values = read_files(step.at("when_values"));
    }
    out.steps.push_back(std::move(here));
  }
  return out;
}

}  // namespace

std::string write_plan(const Plan& plan) {
  json steps = json::array();
  for (const PlanStep& step : plan.steps)
    steps.push_back({{"name", step.name},
                     {"action", step.action},
                     {"when", step.when},
                     {"register", step.register_as},
                     {"retries", step.retries},
                     {"delay", step.delay_seconds},
                     {"timeout", step.timeout_seconds},
                     {"run_once", step.run_once},
                     {"irreversible", step.irreversible},
                     {"opaque", step.opaque},
                     {"template", step.from_template},
                     {"verifies", step.verifies},
                     {"daemon_check", step.daemon_check},
                     {"way_back", static_cast<int>(step.way_back)}});
  json hosts = json::array();
  for (const PlanHost& host : plan.hosts) hosts.push_back(write_host(host));
  // nlohmann::json sorts keys; without indentation this is the canonical form.
  return json{{"format", format},
              {"application", plan.application},
              {"version", plan.version},
              {"environment", plan.environment},
              {"tier", static_cast<int>(plan.tier)},
              {"package", plan.package},
              {"playbook", plan.playbook},
              {"kit", plan.kit},
              {"of", plan.of},
              {"dead_man", plan.dead_man_seconds},
              {"copy_snapshots", plan.copy_snapshots},
              {"steps", std::move(steps)},
              {"hosts", std::move(hosts)}}
      .dump();
}

Result<Plan> read_plan(const std::string& text) {
  try {
    const json from = json::parse(text);
    if (from.at("format") != format)
      return fail(Kind::integrity, "the plan was written by another version of Belay", "Run the version that wrote it");
    Plan out;
    from.at("application").get_to(out.application);
    from.at("version").get_to(out.version);
    from.at("environment").get_to(out.environment);
    out.tier = read_word(from.at("tier"), Tier::production);
    from.at("package").get_to(out.package);
    from.at("playbook").get_to(out.playbook);
    from.at("kit").get_to(out.kit);
    from.at("of").get_to(out.of);
    from.at("dead_man").get_to(out.dead_man_seconds);
    from.at("copy_snapshots").get_to(out.copy_snapshots);
    for (const json& step : from.at("steps")) {
      PlanStep s;
      step.at("name").get_to(s.name);
      step.at("action").get_to(s.action);
      step.at("when").get_to(s.when);
      step.at("register").get_to(s.register_as);
      step.at("retries").get_to(s.retries);
      step.at("delay").get_to(s.delay_seconds);
      step.at("timeout").get_to(s.timeout_seconds);
      step.at("run_once").get_to(s.run_once);
      step.at("irreversible").get_to(s.irreversible);
      step.at("opaque").get_to(s.opaque);
      step.at("template").get_to(s.from_template);
      step.at("verifies").get_to(s.verifies);
      step.at("daemon_check").get_to(s.daemon_check);
      s.way_back = read_word(step.at("way_back"), WayBack::none);
      out.steps.push_back(std::move(s));
    }
    for (const json& host : from.at("hosts")) out.hosts.push_back(read_host(host));
    // What is written again is the same text, or something in it was dropped, cut or meant otherwise.
    if (write_plan(out) != text)
      return fail(Kind::integrity, "a stored plan is not of the form in which plans are written");
    return out;
  } catch (const json::exception& error) {
    return fail(Kind::integrity, fmt::format("a stored plan cannot be read: {}", show(error.what())));
  }
}

}  // namespace belay::engine
