// What the tests of the engine's parts share: real blobs in a directory that goes away, the real plugins, and a package
// put together by hand.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>

#include "daemon/engine/param_files.hpp"
#include "daemon/engine/planner.hpp"
#include "daemon/store/file_blobs.hpp"
#include "daemon/wire/yaml.hpp"
#include "tests/support/folder/folder.hpp"

namespace belay::engine::testing {

using belay::test::TempDir;

// The real plugins folder, read once.
inline const plugin::Catalogue& real_plugins() {
  static const Result<plugin::Catalogue> read = plugin::Catalogue::read(BELAY_SOURCE_DIR "/plugins");
  if (!read) throw std::runtime_error(read.error().text());
  return *read;
}

class Scene {
 public:
  Scene() : blobs(std::move(*store::FileBlobs::open(dir.path() / "blobs"))) {
    package.release.application = "permits";
    package.release.version = "1.2";
    package.playbook.hosts = "all";
  }
  // A payload file; its digest.
  std::string add_file(const std::string& path, std::string_view bytes, std::uint32_t mode = 0644) {
    Member member{.type = 'f', .mode = mode, .size = bytes.size(), .digest = *blobs->put(bytes), .target = {}};
    package.members[path] = member;
    return member.digest.hex();
  }
  void add_other(const std::string& path, char type, const std::string& target = {}) {
    package.members[path] =
        Member{.type = type, .mode = type == 'd' ? 0755u : 0777u, .size = 0, .digest = {}, .target = target};
  }
  // A step of the playbook: action and its parameters as YAML.
  StepSpec& add_step(const std::string& name, const std::string& action, const std::string& yaml) {
    StepSpec step;
    step.name = name;
    step.action = action;
    step.params = parsed(yaml);
    step.place = {"playbook.yaml", static_cast<int>(package.playbook.steps.size()) + 10, 5};
    step.action_place = {"playbook.yaml", static_cast<int>(package.playbook.steps.size()) + 10, 9};
    package.playbook.steps.push_back(std::move(step));
    return package.playbook.steps.back();
  }
  static Value parsed(const std::string& yaml) {
    auto value = wire::read_yaml(yaml, "playbook.yaml");
    if (!value) throw std::runtime_error(value.error().text());
    return *value;
  }
  Result<Params> params(const std::string& action, const Value& value) {
    const Lookup lookup = [this](std::string_view name) -> std::optional<std::string> {
      const auto found = variables.find(std::string(name));
      if (found == variables.end()) return std::nullopt;
      return found->second;
    };
    return param_files({package, *real_plugins().action(action), lookup, *blobs}, value);
  }
  Result<Params> params(const std::string& action, const std::string& yaml) { return params(action, parsed(yaml)); }

  static Host host(const std::string& name, std::vector<std::string> groups = {}) {
    return {.name = name,
            .environment = "test",
            .address = name,
            .user = "rm",
            .base = "/var/lib/belay",
            .transport = "ssh",
            .groups = std::move(groups)};
  }
  Result<Plan> plan(std::vector<Host> hosts) {
    return make_plan({package, environment, std::move(hosts), facts, real_plugins(), *blobs});
  }

  TempDir dir;
  std::unique_ptr<store::FileBlobs> blobs;
  PackageContents package = {};
  Environment environment{.name = "test", .tier = Tier::test, .rules = {}};
  std::map<std::string, Facts> facts;
  std::map<std::string, std::string> variables;
};

}  // namespace belay::engine::testing
