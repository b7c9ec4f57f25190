#include "cli/plugins.hpp"

#include <filesystem>

#include "daemon/plugin/catalogue.hpp"
#include "daemon/wire/json.hpp"

namespace belay::cli {

Result<package::Catalogue> action_schemas(const Io& io, const std::string& directory) {
  namespace fs = std::filesystem;
  fs::path folder = directory;
  if (folder.empty()) folder = io.env("BELAY_PLUGINS").value_or("");
  if (folder.empty()) {
    std::error_code ec;
    folder = fs::read_symlink("/proc/self/exe", ec).parent_path().parent_path() / "share" / "belay" / "plugins";
    if (!fs::is_directory(folder, ec)) return package::Catalogue{};
  }
  BELAY_TRY(const plugin::Catalogue plugins, plugin::Catalogue::read(folder));
  package::Catalogue schemas;
  for (const auto& [name, action] : plugins.actions()) {
    schemas[name] = wire::to_json(action.schema).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  return schemas;
}

}  // namespace belay::cli
