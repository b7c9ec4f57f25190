// environments.yaml: the environments, their identities, and what each of them demands.
//
// What a tier demands by default is default_rules (daemon/model/inventory.hpp); `require:` changes it key by key.
// Mistakes are Kind::invalid with file:line:column. Pure, but for the reading of the file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/inventory.hpp"

namespace belay::app {

// In the order of the file. Beyond the schema: names and base directories are of the narrow alphabets, `rehearsed_in`
// is one of the environments, every environment has the identity its transport needs and the signers its rules need,
// and the key of a production environment opens no other tier.
[[nodiscard]] Result<std::vector<Environment>> parse_environments(std::string_view text, const std::string& file);
// The same from a file; see read_config_file for what is refused.
[[nodiscard]] Result<std::vector<Environment>> read_environments(const std::filesystem::path& path);

}  // namespace belay::app
