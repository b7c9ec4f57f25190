#include "daemon/plugin/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

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
  if (size > largest_file) return fail(Kind::invalid, fmt::format("{} is larger than a plugin file may be (1 MiB)", path.string()));
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

std::vector<std::string> texts(const Value* list) {
  std::vector<std::string> out;
  if (list != nullptr && list->list() != nullptr)
    for (const Value& item : *list->list())
      if (item.text() != nullptr) out.push_back(*item.text());
  return out;
}

Result<std::vector<TouchRule>> touch_rules(const Value& document) {
  std::vector<TouchRule> out;
  const Value* list = document.find("touches");
  if (list == nullptr) return out;
  if (list->list() == nullptr) return fail(Kind::invalid, "`touches` is a list", "See docs/plugins.md", list->place);
  for (const Value& item : *list->list()) {
    TouchRule rule;
    if (item.map() == nullptr) return fail(Kind::invalid, "each of `touches` is a map with `resource`", {}, item.place);
    for (const Value::Entry& entry : *item.map()) {
      const auto text = entry.value.as_text();
      if (!text) return fail(Kind::invalid, fmt::format("`{}` must be text or `$parameter`", entry.key), {}, entry.value.place);
      if (entry.key == "resource")
        rule.resource = *text;
      else
        rule.params[entry.key] = *text;
    }
    if (rule.resource.empty()) return fail(Kind::invalid, "a touch needs its `resource`", "See docs/plugins.md", item.place);
    out.push_back(std::move(rule));
  }
  return out;
}

Result<Value> read_document(const fs::path& file) {
  BELAY_TRY(const std::string text, read_file(file));
  return wire::read_yaml(text, file.string());
}

Result<ActionInfo> read_action(const fs::path& folder) {
  const fs::path file = folder / "action.yaml";
  BELAY_TRY(const Value document, read_document(file));
  ActionInfo out;
  BELAY_TRY(out.name, need_text(document, "action", file));
  BELAY_TRY(out.summary, need_text(document, "summary", file));
  BELAY_TRY(out.way_back, need_text(document, "way-back", file));
  BELAY_TRY(out.touches, touch_rules(document));
  const Place place{file.string(), document.place.line, document.place.column};
  if (out.name != folder.filename().string() || !valid_name(out.name))
    return fail(Kind::invalid, fmt::format("the action in folder {} calls itself \"{}\"", folder.filename().string(), out.name),
                "Give both the same name", place);
  if (out.way_back != "snapshot" && out.way_back != "undo" && out.way_back != "none")
    return fail(Kind::invalid, "`way-back` is snapshot, undo or none", {}, place);
  const Value* schema = document.find("parameters");
  if (schema == nullptr || !schema->is_map()) return fail(Kind::invalid, "`parameters` must be a JSON Schema", {}, place);
  out.schema = *schema;
  if (const Value* properties = schema->find("properties"); properties != nullptr && properties->map() != nullptr)
    for (const Value::Entry& entry : *properties->map())
      if (const std::string kind = entry.value.text_or("x-belay"); !kind.empty()) out.kinds[entry.key] = kind;
  out.needs = texts(document.find("needs"));
  out.has_plan = fs::exists(folder / "plan.sh");
  out.has_verify = fs::exists(folder / "verify.sh");
  if (!fs::exists(folder / "apply.sh"))
    return fail(Kind::invalid, fmt::format("the action {} has no apply.sh", out.name), "See docs/plugins.md", place);
  return out;
}

Result<ResourceInfo> read_resource(const fs::path& folder) {
  const fs::path file = folder / "resource.yaml";
  BELAY_TRY(const Value document, read_document(file));
  ResourceInfo out;
  BELAY_TRY(out.name, need_text(document, "resource", file));
  BELAY_TRY(out.summary, need_text(document, "summary", file));
  if (const Value* schema = document.find("parameters"); schema != nullptr) out.required = texts(schema->find("required"));
  out.needs = texts(document.find("needs"));
  for (const char* script : {"manifest.sh", "capture.sh", "restore.sh"})
    if (!fs::exists(folder / script))
      return fail(Kind::invalid, fmt::format("the resource {} has no {}", out.name, script), "See docs/plugins.md",
                  Place{file.string(), 1, 1});
  return out;
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
    return fail(Kind::invalid, fmt::format("{} must hold exactly one line", file.string()));
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
    for (const TouchRule& rule : action.touches)
      if (!out.resources_.contains(rule.resource))
        return fail(Kind::invalid, fmt::format("the action {} touches the resource {}, which does not exist", name, rule.resource),
                    "Add the resource or correct the name");
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
