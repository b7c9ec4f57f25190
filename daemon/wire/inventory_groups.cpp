#include "daemon/wire/inventory_groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "daemon/base/escape.hpp"

namespace belay::wire {
namespace {

std::unexpected<Error> wrong(const Value& at, std::string what, std::string next = {}) {
  return fail(Kind::invalid, std::move(what), std::move(next), at.place);
}

class Reader {
 public:
  Result<void> root(const Value& value) {
    if (!value.is_map())
      return wrong(
          value, fmt::format("an Ansible inventory is a map of groups, and this is {}", Value::describe(value.type())),
          "For other forms (INI, scripts): `ansible-inventory -i FILE --list > hosts.json`, and import that.");
    for (const Value::Entry& entry : *value.map()) {
      if (entry.key == "_meta")
        BELAY_TRYV(meta(entry.value));
      else
        BELAY_TRYV(group(entry.key, entry.value));
    }
    return {};
  }

  InventoryGroups found;

 private:
  // "hostvars" of the JSON form.
  Result<void> meta(const Value& value) {
    const Value* all = value.find("hostvars");
    if (all == nullptr || all->is_null()) return {};
    if (!all->is_map()) return wrong(*all, "\"hostvars\" must be a map of hosts");
    for (const Value::Entry& entry : *all->map()) BELAY_TRYV(host(entry.key, entry.key_place, entry.value));
    return {};
  }

  Result<void> host(const std::string& name, const Place& place, const Value& vars) {
    if (name.contains('['))
      return fail(Kind::invalid, fmt::format("'{}' is a range of hosts", show(name)),
                  "Ranges are expanded by `ansible-inventory -i FILE --list > hosts.json`: import that.", place);
    auto& kept = found.host_vars[name];
    found.host_places.emplace(name, place);
    return take_vars(vars, fmt::format("host '{}'", show(name)), kept);
  }

  Result<void> take_vars(const Value& value, const std::string& whose, std::map<std::string, Value>& kept) {
    if (value.is_null()) return {};
    if (!value.is_map()) return wrong(value, fmt::format("the variables of {} must be a map", whose));
    for (const Value::Entry& entry : *value.map()) kept[entry.key] = entry.value;
    return {};
  }

  Result<void> group(const std::string& name, const Value& value) {
    found.groups.try_emplace(name);
    if (value.is_null()) return {};
    if (value.is_list()) return hosts(name, value);  // the short form of inventory scripts
    if (!value.is_map()) return wrong(value, fmt::format("group '{}' must be a map", show(name)));
    for (const Value::Entry& entry : *value.map()) {
      if (entry.key == "hosts")
        BELAY_TRYV(hosts(name, entry.value));
      else if (entry.key == "children")
        BELAY_TRYV(children(name, entry.value));
      else if (entry.key == "vars")
        BELAY_TRYV(take_vars(entry.value, fmt::format("group '{}'", show(name)), found.groups[name].vars));
      else
        return fail(Kind::invalid, fmt::format("group '{}' has the key '{}'", show(name), show(entry.key)),
                    "A group has hosts, children and vars.", entry.key_place);
    }
    return {};
  }

  // A map from name to variables, or a list of names.
  Result<void> hosts(const std::string& name, const Value& value) {
    if (value.is_null()) return {};
    if (const Value::Map* map = value.map()) {
      for (const Value::Entry& entry : *map) {
        BELAY_TRYV(host(entry.key, entry.key_place, entry.value));
        found.groups[name].hosts.insert(entry.key);
      }
      return {};
    }
    if (!value.is_list())
      return wrong(value, fmt::format("the hosts of group '{}' must be a map or a list", show(name)));
    for (const Value& item : *value.list()) {
      if (!item.is_text()) return wrong(item, fmt::format("a host of group '{}' has no name in text", show(name)));
      BELAY_TRYV(host(*item.text(), item.place, Value()));
      found.groups[name].hosts.insert(*item.text());
    }
    return {};
  }

  Result<void> children(const std::string& name, const Value& value) {
    if (value.is_null()) return {};
    if (const Value::Map* map = value.map()) {
      for (const Value::Entry& entry : *map) {
        found.groups[name].children.insert(entry.key);
        BELAY_TRYV(group(entry.key, entry.value));
      }
      return {};
    }
    if (!value.is_list())
      return wrong(value, fmt::format("the children of group '{}' must be a map or a list", show(name)));
    for (const Value& item : *value.list()) {
      if (!item.is_text()) return wrong(item, fmt::format("a child of group '{}' has no name in text", show(name)));
      found.groups[name].children.insert(*item.text());
      found.groups.try_emplace(*item.text());
    }
    return {};
  }
};

// Every group but `all` is below `all`; the rest goes down the children. A group deeper than there are groups is in a
// loop.
Result<void> measure(std::map<std::string, InventoryGroup>& groups) {
  for (auto& [name, group] : groups) group.depth = name == "all" ? 0 : 1;
  for (bool moved = true; moved;) {
    moved = false;
    for (const auto& [name, group] : groups) {
      for (const std::string& child : group.children) {
        InventoryGroup& below = groups.at(child);
        if (below.depth > group.depth) continue;
        below.depth = group.depth + 1;
        moved = true;
        if (below.depth > static_cast<int>(groups.size()) + 1)
          return fail(Kind::invalid, fmt::format("group '{}' is among its own children", show(child)));
      }
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> InventoryGroups::groups_of(const std::string& host) const {
  std::set<std::string> in;
  for (const auto& [name, group] : groups)
    if (group.hosts.contains(host)) in.insert(name);
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& [name, group] : groups)
      if (!in.contains(name) &&
          std::ranges::any_of(group.children, [&](const auto& child) { return in.contains(child); }))
        grew = in.insert(name).second;
  }
  if (groups.contains("all")) in.insert("all");
  std::vector<std::string> ordered(in.begin(), in.end());
  std::ranges::sort(ordered, {}, [&](const std::string& name) { return std::pair(groups.at(name).depth, name); });
  return ordered;
}

std::map<std::string, Value> InventoryGroups::vars_of(const std::string& host) const {
  std::map<std::string, Value> vars;
  for (const std::string& group : groups_of(host))
    for (const auto& [name, value] : groups.at(group).vars) vars.insert_or_assign(name, value);
  for (const auto& [name, value] : host_vars.at(host)) vars.insert_or_assign(name, value);
  return vars;
}

Result<InventoryGroups> read_groups(const Value& root) {
  Reader reader;
  BELAY_TRYV(reader.root(root));
  BELAY_TRYV(measure(reader.found.groups));
  return std::move(reader.found);
}

}  // namespace belay::wire
