// What belayd.yaml and environments.yaml have in common: a file only its administrator can write, guarded YAML, a
// shipped JSON Schema, and typed looks at what passed it.
//
// Errors carry file:line:column. Called at start, on one thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/model/value.hpp"

namespace belay::app {

// The schemas as shipped (daemon/app/schema).
[[nodiscard]] std::string_view belayd_schema_text();
[[nodiscard]] std::string_view environments_schema_text();

// The bytes of a file of at most 1 MiB. Kind::not_found when there is none; Kind::refused when somebody else than root
// and the daemon's own user could have written it, because who writes it decides what may run.
[[nodiscard]] Result<std::string> read_config_file(const std::filesystem::path& path);

// YAML that the schema accepts; an empty file is an empty map. The first mistake is the Error.
[[nodiscard]] Result<Value> read_checked(std::string_view text, const std::string& file, std::string_view schema);

// Each gives the value of `key` in the map, or `otherwise` when the key is not there. The schema has checked the form.
[[nodiscard]] bool flag(const Value& map, std::string_view key, bool otherwise);
[[nodiscard]] Result<int> seconds(const Value& map, std::string_view key, int otherwise);
[[nodiscard]] Result<std::uint64_t> bytes(const Value& map, std::string_view key, std::uint64_t otherwise);

// The place of `key` in the map, or of the map itself.
[[nodiscard]] Place place_of(const Value& map, std::string_view key);

}  // namespace belay::app
