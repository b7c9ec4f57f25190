#include "daemon/package/example.hpp"

#include <fmt/format.h>

#include <system_error>

#include "daemon/base/escape.hpp"
#include "daemon/package/embedded.hpp"
#include "daemon/package/files.hpp"

namespace belay::package {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view prefix = "example/";

std::unexpected<Error> cannot(std::string_view verb, const fs::path& path, const std::error_code& reason) {
  return fail(Kind::io, fmt::format("cannot {} {}: {}", verb, show(path.string()), reason.message()));
}

}  // namespace

Result<std::vector<std::string>> write_example(const fs::path& directory) {
  std::error_code error;
  if (fs::exists(directory, error)) {
    const bool empty = fs::is_directory(directory, error) && fs::is_empty(directory, error);
    if (error) return cannot("read", directory, error);
    if (!empty) {
      return fail(Kind::conflict, fmt::format("{} is there already and not empty", show(directory.string())),
                  "Name a directory that does not exist yet.");
    }
  }
  std::vector<std::string> written;
  for (const EmbeddedFile& file : embedded_files()) {
    if (!file.path.starts_with(prefix)) continue;
    const std::string name(file.path.substr(prefix.size()));
    const fs::path path = directory / name;
    fs::create_directories(path.parent_path(), error);
    if (error) return cannot("create", path.parent_path(), error);
    BELAY_TRY(AtomicFile out, AtomicFile::create(path));
    BELAY_TRYV(out.write(file.text));
    BELAY_TRYV(out.commit());
    if (file.text.starts_with("#!")) {
      fs::permissions(path, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                      fs::perm_options::add, error);
      if (error) return cannot("make executable", path, error);
    }
    written.push_back(name);
  }
  return written;
}

}  // namespace belay::package
