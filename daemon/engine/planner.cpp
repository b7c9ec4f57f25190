#include "daemon/engine/planner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "daemon/base/escape.hpp"
#include "daemon/engine/param_files.hpp"
#include "daemon/model/expression.hpp"
#include "daemon/wire/json.hpp"
#include "daemon/wire/schema.hpp"

namespace belay::engine {
namespace {

std::set<std::string> split_pattern(const std::string& pattern) {
  std::set<std::string> out;
  std::string word;
  for (char c : pattern + ",") {
    if (c == ',' || c == ' ') {
      if (!word.empty()) out.insert(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  return out;
}

bool matches(const Host& host, const std::set<std::string>& words) {
  return words.contains("all") || words.contains(host.name) ||
         std::ranges::any_of(host.groups, [&](const std::string& group) { return words.contains(group); });
}

// The variables of one host: declared in the playbook, given by the environment, overridden by the host; and a few that
// are always there.
Result<std::map<std::string, std::string>> variables_of(const PlanInput& input, const Host& host) {
  std::map<std::string, std::string> out{{"application", input.package.release.application},
                                         {"version", input.package.release.version},
                                         {"environment", input.environment.name},
                                         {"tier", std::string(to_string(input.environment.tier))},
                                         {"host", host.name}};
  for (const auto& [name, fallback] : input.package.playbook.vars) {
    if (const auto on_host = host.vars.find(name); on_host != host.vars.end()) {
      out[name] = on_host->second;
    } else if (const auto here = input.environment.vars.find(name); here != input.environment.vars.end()) {
      out[name] = here->second;
    } else if (const auto text = fallback.as_text()) {
      out[name] = *text;
    } else {
      return fail(Kind::invalid,
                  fmt::format("the variable {} has no value on {} in {}", name, host.name, input.environment.name),
                  fmt::format("Give it under `vars` of the environment or of the host, or a default in the playbook"),
                  fallback.place);
    }
  }
  return out;
}

struct HostView {
  std::map<std::string, std::string> variables;
  Facts facts;
};

// What a `when` may name before anything has run: variables, facts (also as facts.NAME).
std::optional<std::string> known(const HostView& view, std::string_view name) {
  if (name.starts_with("facts.")) name.remove_prefix(6);
  if (const auto found = view.variables.find(std::string(name)); found != view.variables.end()) return found->second;
  if (const auto found = view.facts.find(std::string(name)); found != view.facts.end()) return found->second;
  return std::nullopt;
}

// Decides `when` as far as it can be decided: sets skipped, or leaves it to the run with the values it names.
Result<void> decide_when(const StepSpec& spec, const HostView& view, const std::set<std::string>& registered,
                         HostStep& out, bool& later) {
  const auto names = names_in(spec.when);
  if (!names) return fail(Kind::invalid, names.error().what, names.error().next, spec.place);
  const auto of_result = [&](std::string_view name) {
    return (name.ends_with(".ok") || name.ends_with(".rc")) &&
           registered.contains(std::string(name.substr(0, name.size() - 3)));
  };
  // Read now even when it is decided later: a name that nobody gives must not stop a run halfway.
  const auto holds = evaluate(spec.when, [&](std::string_view name) {
    auto value = known(view, name);
    return value || !of_result(name) ? value : std::string("0");
  });
  if (!holds)
    return fail(
        Kind::invalid, holds.error().what,
        "Of an earlier step's `register: NAME` there are NAME.ok and NAME.rc; facts and variables have their own names",
        spec.place);
  for (const std::string& name : *names) {
    auto value = known(view, name);
    if (value)
      out.when_values[name] = *value;
    else
      later = true;
  }
  if (later) return {};
  out.when_values.clear();
  if (!*holds) {
    out.skipped = true;
    out.why_skipped = "when: " + spec.when;
  }
  return {};
}

WayBack way_back_of(const StepSpec& spec, const plugin::ActionInfo& action, const std::vector<Touch>& touches) {
  if (spec.irreversible) return WayBack::none;
  const bool undo = std::ranges::any_of(touches, [](const Touch& touch) { return touch.resource == "command"; });
  if (undo) return WayBack::undo;
  if (!touches.empty()) return WayBack::snapshot;
  if (action.way_back == "snapshot" || (spec.touches && spec.touches->empty())) return WayBack::nothing;
  // An action that says `way-back: none` and touches nothing by declaration (a wait, a check) has nothing to undo; a
  // command that does not say what it touches has no way back.
  return action.has_plan ? WayBack::nothing : WayBack::none;
}

// An action whose parameter `from` may say `daemon` leaves the check to the daemon then (docs/plugins.md).
bool may_be_from_daemon(const plugin::ActionInfo& action) {
  const Value* found = &action.schema;
  for (const char* key : {"properties", "from", "enum"})
    if (found != nullptr) found = found->find(key);
  return found != nullptr && found->list() != nullptr &&
         std::ranges::find(*found->list(), Value("daemon")) != found->list()->end();
}

PlanStep plan_step(const StepSpec& spec, const plugin::ActionInfo& action, const Environment& environment) {
  PlanStep out;
  out.name = spec.name;
  out.action = spec.action;
  out.register_as = spec.register_as;
  out.retries = spec.retries;
  out.delay_seconds = spec.delay_seconds;
  out.timeout_seconds = spec.timeout_seconds > 0 ? spec.timeout_seconds : environment.step_seconds;
  out.run_once = spec.run_once;
  out.irreversible = spec.irreversible;
  out.opaque = !action.has_plan;
  out.from_template = std::ranges::any_of(action.kinds, [](const auto& kind) { return kind.second == "template"; });
  out.verifies = action.has_verify || spec.verify.has_value();
  out.daemon_check = spec.params.text_or("from") == "daemon" && may_be_from_daemon(action);
  return out;
}

Result<HostStep> host_step(const PlanInput& input, const StepSpec& spec, const plugin::ActionInfo& action,
                           const wire::Schema& schema, const HostView& view) {
  HostStep out;
  const Lookup variables = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = view.variables.find(std::string(name));
    if (found == view.variables.end()) return std::nullopt;
    return found->second;
  };
  BELAY_TRYV(check_rendered(schema, spec.params, variables));
  BELAY_TRY(Params params, param_files({input.package, action, variables, input.blobs}, spec.params));
  std::vector<std::string> extra;
  if (spec.touches)
    for (const std::string& path : *spec.touches) {
      BELAY_TRY(std::string rendered, render(path, variables, spec.place));
      extra.push_back(std::move(rendered));
    }
  auto touches = touches_of(input.catalogue, action, params.files, extra);
  if (!touches) {
    touches.error().place = spec.place;
    return std::unexpected(touches.error());
  }
  out.touches = std::move(*touches);
  if (spec.verify) BELAY_TRYV(argv_files("verify", *spec.verify, variables, params.files));
  out.params = std::move(params.files);
  out.blobs.assign(params.blobs.begin(), params.blobs.end());
  return out;
}

// Whose rights steps have is the environment's decision; a playbook may only insist on it.
Result<void> check_become(const std::optional<bool>& wanted, const Place& place, const Environment& environment) {
  if (!wanted || *wanted == environment.become_root) return {};
  return fail(
      Kind::invalid,
      *wanted
          ? fmt::format("it wants root (become: true), but {} enters its hosts without sudo", environment.name)
          : fmt::format("it does not want root (become: false), but {} does everything through sudo", environment.name),
      "Change `become` of the environment, or of the playbook", place);
}

}  // namespace

Result<std::vector<Host>> select_hosts(const std::vector<Host>& inventory, const Environment& environment,
                                       const std::string& pattern, const Place& place) {
  const std::set<std::string> words = split_pattern(pattern.empty() ? "all" : pattern);
  std::vector<Host> out;
  for (const Host& host : inventory) {
    if (host.environment != environment.name || !matches(host, words)) continue;
    Host chosen = host;
    if (chosen.user.empty()) chosen.user = environment.user;
    if (chosen.base.empty()) chosen.base = environment.base;
    if (chosen.transport.empty()) chosen.transport = environment.transport;
    out.push_back(std::move(chosen));
  }
  if (out.empty())
    return fail(Kind::invalid, fmt::format("no host of {} is meant by `hosts: {}`", environment.name, show(pattern)),
                "Add hosts with `belay host add`, or name a group that `belay host list` shows", place);
  std::ranges::sort(out, {}, &Host::name);
  return out;
}

std::vector<int> batches(const std::vector<BatchSize>& serial, std::size_t count) {
  std::vector<int> out;
  int batch = 0;
  for (std::size_t at = 0; out.size() < count; ++at, ++batch) {
    std::size_t size = count;
    if (!serial.empty()) {
      const BatchSize& entry = serial[std::min(at, serial.size() - 1)];
      const auto number = static_cast<std::size_t>(std::max(entry.count, 1));
      size = std::max<std::size_t>(1, entry.percent ? count * number / 100 : number);
    }
    while (size-- > 0 && out.size() < count) out.push_back(batch);
  }
  return out;
}

Result<Plan> make_plan(const PlanInput& input) {
  const Playbook& playbook = input.package.playbook;
  Plan plan{.application = input.package.release.application,
            .version = input.package.release.version,
            .environment = input.environment.name,
            .tier = input.environment.tier,
            .package = input.package.digest.hex(),
            .playbook = input.package.playbook_digest.hex(),
            .kit = input.catalogue.kit_digest().hex(),
            .dead_man_seconds = input.environment.dead_man_seconds,
            .copy_snapshots = input.environment.copy_snapshots};
  const std::vector<int> batch = batches(playbook.serial, input.hosts.size());
  std::vector<HostView> views;
  for (std::size_t h = 0; h < input.hosts.size(); ++h) {
    HostView view;
    BELAY_TRY(view.variables, variables_of(input, input.hosts[h]));
    if (const auto found = input.facts.find(input.hosts[h].name); found != input.facts.end())
      view.facts = found->second;
    views.push_back(std::move(view));
    plan.hosts.push_back({input.hosts[h], batch[h], {}});
  }
  BELAY_TRYV(check_become(playbook.become, playbook.place, input.environment));
  std::set<std::string> registered;
  bool runs = false;
  for (const StepSpec& spec : playbook.steps) {
    BELAY_TRYV(check_become(spec.become, spec.place, input.environment));
    const plugin::ActionInfo* action = input.catalogue.action(spec.action);
    if (action == nullptr)
      return fail(Kind::invalid, fmt::format("there is no action \"{}\"", show(spec.action)),
                  "`belay lint` lists the actions there are", spec.action_place);
    PlanStep step = plan_step(spec, *action, input.environment);
    BELAY_TRY(const std::string schema_text, wire::canonical_json(wire::to_json(action->schema)));
    BELAY_TRY(const wire::Schema schema, wire::Schema::compile(schema_text, action->name + "/action.yaml"));
    const std::set<std::string> narrowed = split_pattern(spec.hosts.value_or("all"));
    bool owner_found = false;
    bool later = false;
    step.way_back = WayBack::nothing;
    for (std::size_t h = 0; h < plan.hosts.size(); ++h) {
      HostStep here;
      if (!matches(plan.hosts[h].host, narrowed)) {
        here.skipped = true;
        here.why_skipped = "hosts: " + *spec.hosts;
      }
      if (!here.skipped && !spec.when.empty()) BELAY_TRYV(decide_when(spec, views[h], registered, here, later));
      if (!here.skipped && spec.run_once && std::exchange(owner_found, true)) {
        here.skipped = true;
        here.why_skipped = "run_once: another host does it";
      }
      if (!here.skipped) {
        const auto values = std::move(here.when_values);
        BELAY_TRY(here, host_step(input, spec, *action, schema, views[h]));
        here.when_values = values;
        // What holds of the step is what holds where it is worst.
        step.way_back = std::max(step.way_back, way_back_of(spec, *action, here.touches));
        runs = true;
      }
      plan.hosts[h].steps.push_back(std::move(here));
    }
    if (later) step.when = spec.when;
    if (!spec.register_as.empty()) registered.insert(spec.register_as);
    plan.steps.push_back(std::move(step));
  }
  if (!runs)
    return fail(Kind::refused,
                fmt::format("nothing would run in {}: every step is left out on every host", plan.environment),
                "Look at `hosts` and `when` of the steps", playbook.place);
  return plan;
}

}  // namespace belay::engine
