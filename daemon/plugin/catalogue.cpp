#include "daemon/plugin/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <iterator>

#include "daemon/base/escape.hpp"
#include "daemon/model/inventory.hpp"
#include "daemon/plugin/kit_tar.hpp"
#include "daemon/wire/yaml.hpp"

namespace belay::plugin {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_file = 1 << 20;

Result<std::string> read_file(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return fail(Kind::io, fmt::format("cannot read {}: {}", path.string(), error.message()));
  if (size > largest_file)
    return fail(Kind::invalid, "this is larger than a plugin file may be (1 MiB)", "Send data as payload of a package",
                Place{path.string(), 1, 1});
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad() || text.size() != size) return fail(Kind::io, fmt::format("cannot read {} to its end", path.string()));
  return text;
}

// Names of the folders below, sorted, so that everything made of them is the same everywhere.
Result<std::vector<std::string>> entries(const fs::path& directory) {
  std::error_code error;
  std::vector<std::string> out;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error))
    out.push_back(it->path().filename().string());
  if (error)
    return fail(Kind::io, fmt::format("cannot list {}: {}", directory.string(), error.message()),
                "Set `plugins` in belayd.yaml to the folder that holds kit, action and resource");
  std::ranges::sort(out);
  return out;
}

Result<std::string> need_text(const Value& document, std::string_view key, const fs::path& file) {
  const Value* value = document.find(key);
  if (value == nullptr || value->text() == nullptr)
    return fail(Kind::invalid, fmt::format("`{}` is missing or not text", key), "See docs/plugins.md",
                Place{file.string(), document.place.line, document.place.column});
  return *value->text();
}

Result<std::vector<std::string>> texts(const Value& document, std::string_view key) {
  std::vector<std::string> out;
  const Value* list = document.find(key);
  if (list == nullptr) return out;
  if (list->list() == nullptr)
    return fail(Kind::invalid, fmt::format("`{}` is a list of words", key), "See docs/plugins.md", list->place);
  for (const Value& item : *list->list()) {
    if (item.text() == nullptr)
      return fail(Kind::invalid, fmt::format("each of `{}` is a word", key), "See docs/plugins.md", item.place);
    out.push_back(*item.text());
  }
  return out;
}

// A word that is misspelt would be left out without a sound: a step without its `touches` has no snapshot.
Result<void> check_keys(const Value& map, std::initializer_list<std::string_view> known) {
  for (const Value::Entry& entry : *map.map())
    if (std::ranges::find(known, entry.key) == known.end())
      return fail(Kind::invalid, fmt::format("`{}` means nothing here", show(entry.key)), "See docs/plugins.md",
                  entry.key_place);
  return {};
}

// The properties of a JSON Schema; null when it has none.
const Value::Map* properties_of(const Value& schema) {
  const Value* properties = schema.find("properties");
  return properties == nullptr ? nullptr : properties->map();
}

constexpr std::string_view known_kinds[] = {"payload-file", "payload-tree", "template", "content",
                                            "argv",         "duration",     "path"};

// The x-belay of a parameter, or of the elements of a list.
Result<std::string> kind_of(const Value& property) {
  const Value* kind = property.find("x-belay");
  if (const Value* items = property.find("items"); kind == nullptr && items != nullptr) kind = items->find("x-belay");
  if (kind == nullptr) return std::string();
  if (kind->text() == nullptr || std::ranges::find(known_kinds, *kind->text()) == std::end(known_kinds))
    return fail(Kind::invalid, "this `x-belay` is unknown",
                "It is payload-file, payload-tree, template, content, argv, duration or path", kind->place);
  return *kind->text();
}

Result<std::vector<TouchRule>> touch_rules(const Value& document, const Value& schema) {
  std::vector<TouchRule> out;
  const Value* list = document.find("touches");
  if (list == nullptr) return out;
  if (list->list() == nullptr) return fail(Kind::invalid, "`touches` is a list", "See docs/plugins.md", list->place);
  for (const Value& item : *list->list()) {
    TouchRule rule;
    if (item.map() == nullptr) return fail(Kind::invalid, "each of `touches` is a map with `resource`", {}, item.place);
    for (const Value::Entry& entry : *item.map()) {
      const auto text = entry.value.as_text();
      if (!text)
        return fail(Kind::invalid, fmt::format("`{}` must be text or `$parameter`", entry.key), {}, entry.value.place);
      // A `$name` that no parameter has would leave the touch out, and with it the snapshot.
      if (text->starts_with('$') &&
          (properties_of(schema) == nullptr || schema.find("properties")->find(text->substr(1)) == nullptr))
        return fail(Kind::invalid, fmt::format("there is no parameter {}", show(text->substr(1))),
                    "Name one of `properties`", entry.value.place);
      if (entry.key == "resource")
        rule.resource = *text;
      else
        rule.params[entry.key] = *text;
    }
    if (rule.resource.empty())
      return fail(Kind::invalid, "a touch needs its `resource`", "See docs/plugins.md", item.place);
    rule.place = item.place;
    out.push_back(std::move(rule));
  }
  return out;
}

Result<Value> read_document(const fs::path& file) {
  BELAY_TRY(const std::string text, read_file(file));
  BELAY_TRY(Value document, wire::read_yaml(text, file.string()));
  if (!document.is_map())
    return fail(Kind::invalid, "this is no map of keys and values", "See docs/plugins.md", Place{file.string(), 1, 1});
  return document;
}

// The place of a key's value, or of the document when it lacks the key.
Place place_of(const Value& document, std::string_view key) {
  const Value* value = document.find(key);
  return value == nullptr ? document.place : value->place;
}

Result<void> check_name(const Value& document, std::string_view key, const std::string& name, const fs::path& folder) {
  if (name == folder.filename().string() && valid_name(name)) return {};
  return fail(Kind::invalid,
              fmt::format("the {} in folder {} calls itself \"{}\"", key, show(folder.filename().string()), show(name)),
              "Give both the same name", place_of(document, key));
}

Result<void> check_scripts(const Value& document, const std::string& what, const fs::path& folder,
                           std::initializer_list<const char*> scripts) {
  for (const char* script : scripts)
    if (!fs::is_regular_file(folder / script))
      return fail(Kind::invalid, fmt::format("{} has no {}", what, script), "See docs/plugins.md", document.place);
  return {};
}

Result<Value> read_schema(const Value& document) {
  const Value* schema = document.find("parameters");
  if (schema == nullptr || !schema->is_map())
    return fail(Kind::invalid, "`parameters` must be a JSON Schema", "See docs/plugins.md",
                place_of(document, "parameters"));
  return *schema;
}

Result<ActionInfo> read_action(const fs::path& folder) {
  const fs::path file = folder / "action.yaml";
  BELAY_TRY(const Value document, read_document(file));
  BELAY_TRYV(check_keys(document, {"action", "summary", "parameters", "touches", "way-back", "idempotent", "needs"}));
  ActionInfo out;
  BELAY_TRY(out.name, need_text(document, "action", file));
  BELAY_TRYV(check_name(document, "action", out.name, folder));
  BELAY_TRY(out.summary, need_text(document, "summary", file));
  BELAY_TRY(out.way_back, need_text(document, "way-back", file));
  if (out.way_back != "snapshot" && out.way_back != "undo" && out.way_back != "none")
    return fail(Kind::invalid, "`way-back` is snapshot, undo or none", "See docs/plugins.md",
                place_of(document, "way-back"));
  BELAY_TRY(out.schema, read_schema(document));
  if (const Value::Map* properties = properties_of(out.schema); properties != nullptr)
    for (const Value::Entry& entry : *properties) {
      BELAY_TRY(std::string kind, kind_of(entry.value));
      if (!kind.empty()) out.kinds[entry.key] = std::move(kind);
    }
  BELAY_TRY(out.touches, touch_rules(document, out.schema));
  BELAY_TRY(out.needs, texts(document, "needs"));
  out.has_plan = fs::exists(folder / "plan.sh");
  out.has_verify = fs::exists(folder / "verify.sh");
  BELAY_TRYV(check_scripts(document, "the action " + out.name, folder, {"apply.sh"}));
  return out;
}

Result<ResourceInfo> read_resource(const fs::path& folder) {
  const fs::path file = folder / "resource.yaml";
  BELAY_TRY(const Value document, read_document(file));
  BELAY_TRYV(check_keys(document, {"resource", "summary", "parameters", "needs", "proof"}));
  ResourceInfo out;
  BELAY_TRY(out.name, need_text(document, "resource", file));
  BELAY_TRYV(check_name(document, "resource", out.name, folder));
  BELAY_TRY(out.summary, need_text(document, "summary", file));
  BELAY_TRY(const Value schema, read_schema(document));
  BELAY_TRY(out.required, texts(schema, "required"));
  BELAY_TRY(out.needs, texts(document, "needs"));
  BELAY_TRYV(check_scripts(document, "the resource " + out.name, folder, {"manifest.sh", "capture.sh", "restore.sh"}));
  return out;
}

// The parameters of resources that the rule names must be there, or the host would look for them in vain.
Result<void> check_rule(const std::string& action, const TouchRule& rule,
                        const std::map<std::string, ResourceInfo>& resources) {
  if (!resources.contains(rule.resource))
    return fail(Kind::invalid,
                fmt::format("the action {} touches the resource {}, which does not exist", action, show(rule.resource)),
                "Add the resource or correct the name", rule.place);
  for (const std::string& name : resources.at(rule.resource).required)
    if (!rule.params.contains(name))
      return fail(Kind::invalid, fmt::format("the resource {} needs `{}`", rule.resource, name),
                  "Give it a constant or a `$parameter`", rule.place);
  return {};
}

Result<void> add_folder(TarStream& tar, const fs::path& folder, const std::string& name) {
  BELAY_TRY(const std::vector<std::string> names, entries(folder));
  for (const std::string& entry : names) {
    const fs::path path = folder / entry;
    // Editors' leftovers and hidden files are no part of a plugin.
    if (entry.starts_with('.') || entry.ends_with('~') || entry.ends_with(".md")) continue;
    if (fs::is_directory(path)) {
      BELAY_TRYV(add_folder(tar, path, name + "/" + entry));
      continue;
    }
    BELAY_TRY(const std::string bytes, read_file(path));
    BELAY_TRYV(tar.file(name + "/" + entry, bytes));
  }
  return {};
}

Result<std::string> read_command(const fs::path& file) {
  BELAY_TRY(std::string text, read_file(file));
  while (text.ends_with('\n')) text.pop_back();
  if (text.empty() || text.find('\n') != std::string::npos)
    return fail(Kind::invalid, "this must be exactly one line", "See docs/host-protocol.md",
                Place{file.string(), 1, 1});
  return text;
}

}  // namespace

Result<Catalogue> Catalogue::read(const fs::path& directory) {
  Catalogue out;
  BELAY_TRY(const std::vector<std::string> actions, entries(directory / "action"));
  for (const std::string& name : actions) {
    if (!fs::is_directory(directory / "action" / name)) continue;
    BELAY_TRY(ActionInfo info, read_action(directory / "action" / name));
    out.actions_.emplace(name, std::move(info));
  }
  BELAY_TRY(const std::vector<std::string> resources, entries(directory / "resource"));
  for (const std::string& name : resources) {
    if (!fs::is_directory(directory / "resource" / name)) continue;
    BELAY_TRY(ResourceInfo info, read_resource(directory / "resource" / name));
    out.resources_.emplace(name, std::move(info));
  }
  for (const auto& [name, action] : out.actions_)
    for (const TouchRule& rule : action.touches) BELAY_TRYV(check_rule(name, rule, out.resources_));
  TarStream tar;
  for (const char* part : {"action", "kit", "resource"}) BELAY_TRYV(add_folder(tar, directory / part, part));
  BELAY_TRYV(tar.finish());
  out.kit_ = tar.take();
  out.kit_digest_ = sha256(out.kit_);
  BELAY_TRY(out.leash_command_, read_command(directory / "kit" / "leash.cmd"));
  BELAY_TRY(out.install_command_, read_command(directory / "kit" / "install.cmd"));
  return out;
}

const ActionInfo* Catalogue::action(const std::string& name) const {
  const auto found = actions_.find(name);
  return found == actions_.end() ? nullptr : &found->second;
}

const ResourceInfo* Catalogue::resource(const std::string& name) const {
  const auto found = resources_.find(name);
  return found == resources_.end() ? nullptr : &found->second;
}

}  // namespace belay::plugin
