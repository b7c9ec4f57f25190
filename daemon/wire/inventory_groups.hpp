// The groups of an Ansible inventory, whichever of its forms it was written in, and which variables hold for a host.
//
// Pure. Internal to inventory_import.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/value.hpp"

namespace belay::wire {

struct InventoryGroup {
  std::set<std::string> hosts;
  std::set<std::string> children;
  std::map<std::string, Value> vars;
  int depth = 0;  // distance from `all`, the longest
};

struct InventoryGroups {
  std::map<std::string, InventoryGroup> groups;
  std::map<std::string, std::map<std::string, Value>> host_vars;  // every host is in it
  std::map<std::string, Place> host_places;

  // Groups of a host with all their parents, the order in which their variables are laid over each other.
  [[nodiscard]] std::vector<std::string> groups_of(const std::string& host) const;
  // Its variables, each with the value that wins.
  [[nodiscard]] std::map<std::string, Value> vars_of(const std::string& host) const;
};

// Kind::invalid for what is no inventory, or has a group that is its own child.
[[nodiscard]] Result<InventoryGroups> read_groups(const Value& root);

}  // namespace belay::wire
