// The packages we ship are linted with the actions we ship: no errors, and every action the example uses is real.
#include <gtest/gtest.h>

#include <filesystem>

#include "daemon/package/lint.hpp"
#include "daemon/plugin/catalogue.hpp"
#include "daemon/wire/json.hpp"

namespace belay::package {
namespace {

namespace fs = std::filesystem;

Catalogue shipped_actions() {
  auto plugins = plugin::Catalogue::read(fs::path(BELAY_SOURCE_DIR) / "plugins");
  EXPECT_TRUE(plugins.has_value()) << plugins.error().text();
  Catalogue out;
  for (const auto& [name, info] : plugins->actions()) out[name] = wire::to_json(info.schema).dump();
  return out;
}

TEST(ShippedPlaybooks, HaveNoErrors) {
  const Catalogue actions = shipped_actions();
  int packages = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(BELAY_SOURCE_DIR) / "playbooks")) {
    if (entry.path().filename() != "release.yaml") continue;
    ++packages;
    auto findings = lint(entry.path().parent_path(), actions);
    ASSERT_TRUE(findings.has_value()) << findings.error().text();
    for (const auto& finding : *findings) {
      if (finding.level == Finding::Level::error) ADD_FAILURE() << finding.text();
    }
  }
  EXPECT_GE(packages, 1);
}

TEST(ShippedPlaybooks, TheExampleHasNoFindingAtAll) {
  auto findings = lint(fs::path(BELAY_SOURCE_DIR) / "playbooks/example", shipped_actions());
  ASSERT_TRUE(findings.has_value());
  for (const auto& finding : *findings) ADD_FAILURE() << finding.text();
}

}  // namespace
}  // namespace belay::package
