#include "daemon/package/texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/base/check.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/model/duration.hpp"
#include "daemon/package/embedded.hpp"
#include "daemon/wire/schema.hpp"
#include "daemon/wire/yaml.hpp"

namespace belay::package {
namespace {

using wire::Schema;

// The schemas are compiled in: a broken one is a defect of this build.
Schema must_compile(std::string_view text, const char* name) {
  auto schema = Schema::compile(text, name);
  BELAY_CHECK(schema.has_value());
  return std::move(*schema);
}

const Schema& release_schema() {
  static const Schema schema = must_compile(release_schema_text(), "release.schema.json");
  return schema;
}

const Schema& playbook_schema() {
  static const Schema schema = must_compile(playbook_schema_text(), "playbook.schema.json");
  return schema;
}

Finding finding_of(const Error& error) {
  return Finding{Finding::Level::error, "schema", error.place.value_or(Place{}), error.what, error.next};
}

std::vector<std::string> texts_of(const Value* value) {
  std::vector<std::string> out;
  if (value == nullptr || !value->is_list()) return out;
  for (const Value& item : *value->list()) out.push_back(item.as_text().value_or(""));
  return out;
}

// nullopt when absent, empty for the word none.
std::optional<std::vector<std::string>> texts_or_none(const Value* value) {
  if (value == nullptr) return std::nullopt;
  return texts_of(value);
}

Release release_from(const Value& root) {
  Release out;
  out.place = root.place;
  out.application = root.text_or("application");
  out.version = root.find("version")->as_text().value_or("");
  out.summary = root.text_or("summary");
  if (const Value* units = root.find("units")) {
    for (const Value& item : *units->list()) {
      ReleaseUnit unit{item.text_or("name"),  item.text_or("kind"), texts_of(item.find("items")),
                       item.text_or("notes"), item.place,           item.place};
      if (const Value* items = item.find("items")) unit.items_place = items->place;
      out.units.push_back(std::move(unit));
    }
  }
  out.changes = texts_of(root.find("changes"));
  if (const Value* dependencies = root.find("dependencies")) {
    out.secondary = texts_or_none(dependencies->find("secondary"));
    out.interactions = texts_or_none(dependencies->find("interactions"));
  }
  if (const Value* sbom = root.find("sbom")) out.sbom = *sbom->text();
  out.install = root.text_or("install");
  out.rollback = root.text_or("rollback");
  out.contacts = texts_of(root.find("contacts"));
  if (const Value* modes = root.find("modes")) {
    for (const auto& entry : *modes->map()) out.modes.emplace(entry.key, *entry.value.text());
  }
  return out;
}

BatchSize batch_from(const Value& value) {
  if (const auto* count = value.integer()) return {static_cast<int>(*count), false};
  return {std::stoi(*value.text()), true};  // the schema let only "1%" to "100%" pass
}

// `command` takes these among its parameters or beside them; afterwards both say the same.
Result<void> agree(Value& step_keys_of, Value& params, std::string_view key) {
  const Value* beside = step_keys_of.find(key);
  const Value* inside = params.find(key);
  if (beside != nullptr && inside != nullptr && !(*beside == *inside)) {
    return fail(Kind::invalid, fmt::format("\"{}\" is given twice for this step, differently", key),
                "Keep it in one place.", inside->place);
  }
  if (beside != nullptr && inside == nullptr) params.set(key, *beside);
  if (inside != nullptr && beside == nullptr) step_keys_of.set(key, *inside);
  return {};
}

Result<int> seconds_of(const Value& step, std::string_view key) {
  const Value* value = step.find(key);
  if (value == nullptr) return 0;
  return parse_duration(*value);
}

Result<StepSpec> step_from(Value step) {
  StepSpec out;
  out.place = step.place;
  for (const auto& entry : *step.map()) {
    if (std::ranges::find(step_keys(), entry.key) != step_keys().end()) continue;
    if (!out.action.empty()) {
      return fail(Kind::invalid,
                  fmt::format("this step has two actions, \"{}\" and \"{}\"", show(out.action), show(entry.key)),
                  "A step is one action: split it, or correct a misspelt key.", entry.key_place);
    }
    out.action = entry.key;
    out.action_place = entry.key_place;
    if (entry.value.is_map()) out.params = entry.value;
    out.params.place = entry.value.place;
  }
  if (out.action.empty()) {
    return fail(Kind::invalid, fmt::format("the step \"{}\" has no action", show(step.text_or("name"))),
                "Add one, such as file, tree, service or command.", out.place);
  }
  if (out.action == "command") {
    for (std::string_view key : {"touches", "undo", "irreversible"}) BELAY_TRYV(agree(step, out.params, key));
  }
  out.name = step.text_or("name");
  if (const Value* hosts = step.find("hosts")) out.hosts = *hosts->text();
  out.when = step.text_or("when");
  out.register_as = step.text_or("register");
  if (const Value* retries = step.find("retries")) out.retries = static_cast<int>(*retries->integer());
  BELAY_TRY(out.delay_seconds, seconds_of(step, "delay"));
  BELAY_TRY(out.timeout_seconds, seconds_of(step, "timeout"));
  const auto flag = [&](std::string_view key) {
    const Value* value = step.find(key);
    return value != nullptr && value->boolean() != nullptr && *value->boolean();
  };
  out.run_once = flag("run_once");
  out.irreversible = flag("irreversible");
  if (const Value* become = step.find("become")) out.become = *become->boolean();
  out.tags = texts_of(step.find("tags"));
  if (const Value* touches = step.find("touches")) out.touches = texts_of(touches);
  if (const Value* undo = step.find("undo")) out.undo = *undo;
  if (const Value* verify = step.find("verify")) out.verify = *verify;
  return out;
}

Result<Playbook> playbook_from(const Value& root) {
  Playbook out;
  out.place = root.place;
  out.application = root.text_or("application");
  out.description = root.text_or("description");
  out.hosts = root.text_or("hosts");
  if (const Value* serial = root.find("serial")) {
    if (const Value::List* list = serial->list()) {
      for (const Value& item : *list) out.serial.push_back(batch_from(item));
    } else {
      out.serial.push_back(batch_from(*serial));
    }
  }
  if (const Value* vars = root.find("vars")) {
    for (const auto& entry : *vars->map()) out.vars.emplace(entry.key, entry.value);
  }
  if (const Value* become = root.find("become")) out.become = *become->boolean();
  for (const Value& item : *root.find("steps")->list()) {
    BELAY_TRY(auto step, step_from(item));
    out.steps.push_back(std::move(step));
  }
  return out;
}

// A text that passed the guard and its schema.
Result<Value> read_valid(std::string_view text, const std::string& file, const Schema& schema) {
  BELAY_TRY(Value root, wire::read_yaml(text, file));
  auto findings = schema.check(root);
  if (!findings.empty()) return std::unexpected(wire::to_error(findings.front()));
  return root;
}

template <class Reader>
Findings check_with(std::string_view text, const std::string& file, const Schema& schema, Reader read) {
  auto root = wire::read_yaml(text, file);
  if (!root) return {finding_of(root.error())};
  Findings findings = schema.check(*root);
  if (!findings.empty()) return findings;
  auto value = read(text, file);
  if (!value) findings.push_back(finding_of(value.error()));
  return findings;
}

}  // namespace

std::string_view release_schema_text() { return embedded_file("schema/release.schema.json"); }
std::string_view playbook_schema_text() { return embedded_file("schema/playbook.schema.json"); }

const std::vector<std::string>& step_keys() {
  static const std::vector<std::string> keys = {"name",  "hosts",   "when",         "register", "retries",
                                                "delay", "timeout", "run_once",     "tags",     "touches",
                                                "undo",  "verify",  "irreversible", "become"};
  return keys;
}

Result<Release> read_release(std::string_view text, const std::string& file) {
  BELAY_TRY(const Value root, read_valid(text, file, release_schema()));
  return release_from(root);
}

Result<Playbook> read_playbook(std::string_view text, const std::string& file) {
  BELAY_TRY(const Value root, read_valid(text, file, playbook_schema()));
  return playbook_from(root);
}

Findings check_release(std::string_view text, const std::string& file) {
  return check_with(text, file, release_schema(), read_release);
}

Findings check_playbook(std::string_view text, const std::string& file) {
  return check_with(text, file, playbook_schema(), read_playbook);
}

Result<void> check_together(const Release& release, const Playbook& playbook, const std::vector<Member>& members) {
  if (release.application != playbook.application) {
    return fail(Kind::invalid,
                fmt::format("release.yaml is about the application \"{}\", playbook.yaml about \"{}\"",
                            show(release.application), show(playbook.application)),
                "Give both the same name.", playbook.place);
  }
  for (const auto& [path, mode] : release.modes) {
    const auto same_path = [&](const Member& member) { return member.path == path; };
    auto found = std::ranges::find_if(members, same_path);
    if (found == members.end() || found->type == MemberType::symlink) {
      return fail(Kind::invalid,
                  fmt::format("modes names \"{}\", which is no file or directory of the package", show(path)),
                  "Remove it, or correct the path.", release.place);
    }
    if (mode_text(found->mode) != mode) {
      return fail(
          Kind::invalid,
          fmt::format("\"{}\" has the mode {}, but release.yaml declares {}", show(path), mode_text(found->mode), mode),
          "Build the package again with belay package build.", release.place);
    }
  }
  for (const Member& member : members) {
    const bool plain = member.type == MemberType::symlink || member.mode == 0755 ||
                       (member.type == MemberType::file && member.mode == 0644);
    if (plain || release.modes.contains(member.path)) continue;
    const char* special = (member.mode & 07000U) != 0 ? " (setuid, setgid or sticky)" : "";
    return fail(Kind::invalid,
                fmt::format("\"{}\" has the mode {}{}, which release.yaml does not declare", show(member.path),
                            mode_text(member.mode), special),
                "Declare it under modes in release.yaml, so that approvers see it.", release.place);
  }
  return {};
}

}  // namespace belay::package
