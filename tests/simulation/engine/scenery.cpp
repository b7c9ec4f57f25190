#include "tests/simulation/engine/scenery.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <stdexcept>

#include "daemon/store/file_blobs.hpp"
#include "daemon/vault/vault.hpp"
#include "daemon/wire/yaml.hpp"

namespace belay::simulated {
namespace {

template <class T>
T or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text());
  return std::move(*result);
}

// Goes with the process.
class Folder {
 public:
  Folder() {
    const std::filesystem::path memory = "/dev/shm";
    const auto place = std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    std::string name = (place / "belay-simulation-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

const Folder& folder() {
  static const Folder made;
  return made;
}

StepSpec step(int number, const std::string& from, const std::string& to) {
  StepSpec out;
  out.name = fmt::format("s{}", number);
  out.action = "file";
  out.params = or_throw(wire::read_yaml(fmt::format("{{{}, to: {}}}", from, to), "playbook.yaml"));
  out.verify = Value("check it");
  out.place = out.action_place = {"playbook.yaml", number, 1};
  return out;
}

}  // namespace

std::string fresh_directory() {
  static int count = 0;
  const auto path = folder().path() / fmt::format("state{}", ++count);
  std::filesystem::create_directory(path);
  return path.string();
}

const plugin::Catalogue& catalogue() {
  static const plugin::Catalogue read = or_throw(plugin::Catalogue::read(BELAY_SOURCE_DIR "/plugins"));
  return read;
}

Blobs& blobs() {
  static const std::unique_ptr<store::FileBlobs> opened = or_throw(store::FileBlobs::open(folder().path() / "blobs"));
  return *opened;
}

Vault& vault() {
  static belay::vault::SealedVault made(blobs(), belay::vault::Key{7});
  return made;
}

const std::array<File, steps>& files() {
  static const std::array<File, steps> all{File{"/srv/permits/1", "the old one\n", "the new one\n"},
                                           File{"/srv/permits/2", std::nullopt, "the new two\n"},
                                           File{"/srv/permits/3", "the old three\n", "the new three\n"}};
  return all;
}

const PackageContents& package() {
  static const PackageContents made = [] {
    PackageContents out;
    out.digest = sha256("the package");
    out.playbook_digest = sha256("the playbook");
    out.release.application = "permits";
    out.release.version = "1.2";
    out.playbook.application = "permits";
    out.playbook.hosts = "all";
    const Digest two = or_throw(blobs().put(files()[1].after));
    out.members["files/two"] = {
        .type = 'f', .mode = 0644, .size = files()[1].after.size(), .digest = two, .target = {}};
    out.playbook.steps.push_back(step(1, "content: \"the new one\\n\"", files()[0].path));
    out.playbook.steps.push_back(step(2, "from: files/two", files()[1].path));
    out.playbook.steps.push_back(step(3, "content: \"the new three\\n\"", files()[2].path));
    return out;
  }();
  return made;
}

std::vector<belay::Host> inventory() {
  std::vector<belay::Host> out;
  for (const char* name : {"h1", "h2"}) out.push_back({.name = name, .environment = "test", .address = name});
  return out;
}

Environment environment(int dead_man_seconds) {
  Environment out{.name = "test", .tier = Tier::test, .user = "rm", .key = "/no/key", .base = "/b", .rules = {}};
  out.rules.signature = false;
  out.dead_man_seconds = dead_man_seconds;
  out.copy_snapshots = dead_man_seconds > 0;  // as production has both
  return out;
}

}  // namespace belay::simulated
