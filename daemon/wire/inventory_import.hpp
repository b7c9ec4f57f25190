// Hosts from an Ansible inventory: the YAML form, or the JSON that `ansible-inventory --list` prints.
//
// Everything in it is data. Nothing is run, decrypted or rendered: a program, a vault and a `{{` in a value that would
// be taken are refused with a sentence. Taken are `ansible_host`, `ansible_port`, `ansible_user`, `ansible_connection`
// (ssh or local), `belay_host_keys`, `belay_base`, `belay_transport`, the groups of a host (`all` and `ungrouped`
// excepted), and every other variable that is text, a number, or true or false. As in Ansible a host's own value wins
// over that of a group, a child group's over its parent's, and of two groups at the same depth the later in the
// alphabet wins. Pure; total over bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/finding.hpp"
#include "daemon/model/inventory.hpp"

namespace belay::wire {

struct ImportedInventory {
  std::vector<Host> hosts;  // by name; all checked
  Findings left_out;        // warnings: variables that were not taken, and why
};

// `file` is only used in places; `environment` is the one the hosts are for. Kind::invalid, naming host and variable,
// with file:line:column for YAML.
[[nodiscard]] Result<ImportedInventory> import_inventory(std::string_view text, const std::string& file,
                                                         const std::string& environment);

}  // namespace belay::wire
