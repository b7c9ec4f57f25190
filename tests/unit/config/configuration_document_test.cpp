// docs/configuration.md is a promise: its examples are read by the daemon's own code, they hold the defaults it tells,
// and no key is missing from it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "daemon/app/config.hpp"
#include "daemon/app/config_file.hpp"
#include "daemon/app/environments.hpp"
#include "daemon/wire/inventory_import.hpp"

namespace belay::app {
namespace {

std::string document() {
  std::ifstream in(std::filesystem::path(BELAY_SOURCE_DIR) / "docs" / "configuration.md");
  return {std::istreambuf_iterator<char>(in), {}};
}

// The yaml example whose first line is "# `name`…".
std::string example(const std::string& name) {
  const std::string text = document();
  const std::size_t begin = text.find("```yaml\n# " + name);
  if (begin == std::string::npos) return {};
  const std::size_t first = text.find('\n', begin) + 1;
  return text.substr(first, text.find("```", first) - first);
}

// Calls `see` for each property of the schema, definitions included.
void each_key(const nlohmann::json& schema, const std::function<void(const std::string&)>& see) {
  if (!schema.is_object()) return;
  for (const auto& [key, value] : schema.items()) {
    if (key == "properties")
      for (const auto& [name, unused] : value.items()) see(name);
    if (value.is_object()) each_key(value, see);
  }
}

TEST(ConfigurationDocument, TellsEveryKeyOfBothSchemas) {
  const std::string text = document();
  int keys = 0;
  for (const auto schema : {belayd_schema_text(), environments_schema_text()})
    each_key(nlohmann::json::parse(schema), [&](const std::string& key) {
      ++keys;
      EXPECT_NE(text.find("| `" + key + "` |"), std::string::npos) << "no row for " << key;
    });
  EXPECT_GT(keys, 30);
}

TEST(ConfigurationDocument, ItsExamplesShowEveryKey) {
  const std::string shown = example("/etc/belay/belayd.yaml") + example("/etc/belay/environments.yaml");
  for (const auto schema : {belayd_schema_text(), environments_schema_text()})
    each_key(nlohmann::json::parse(schema), [&](const std::string& key) {
      EXPECT_NE(shown.find(key + ":"), std::string::npos) << "the examples do not show " << key;
    });
}

TEST(ConfigurationDocument, ItsBelaydYamlIsTheDefaults) {
  const auto config = parse_config(example("/etc/belay/belayd.yaml"), "configuration.md");
  ASSERT_TRUE(config) << config.error().text();
  const Config defaults = parse_config("", "").value();
  EXPECT_EQ(config->state, defaults.state);
  EXPECT_EQ(config->socket, defaults.socket);
  EXPECT_EQ(config->environments, defaults.environments);
  EXPECT_EQ(config->log.level, defaults.log.level);
  EXPECT_EQ(config->limits.package_bytes, defaults.limits.package_bytes);
  EXPECT_EQ(config->limits.request_bytes, defaults.limits.request_bytes);
  EXPECT_EQ(config->limits.connections, defaults.limits.connections);
  EXPECT_EQ(config->limits.connections_per_user, defaults.limits.connections_per_user);
  EXPECT_EQ(config->limits.header_seconds, defaults.limits.header_seconds);
  EXPECT_EQ(config->limits.upload_seconds, defaults.limits.upload_seconds);
  EXPECT_EQ(config->limits.answer_seconds, defaults.limits.answer_seconds);
  EXPECT_EQ(config->limits.idle_seconds, defaults.limits.idle_seconds);
}

TEST(ConfigurationDocument, ItsEnvironmentsAreRead) {
  const auto all = parse_environments(example("/etc/belay/environments.yaml"), "configuration.md");
  ASSERT_TRUE(all) << all.error().text();
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ(all->back().tier, Tier::production);
}

TEST(ConfigurationDocument, ItsInventoryIsImported) {
  const auto imported = wire::import_inventory(example("hosts.yaml"), "configuration.md", "test");
  ASSERT_TRUE(imported) << imported.error().text();
  EXPECT_EQ(imported->hosts.size(), 2u);
  EXPECT_TRUE(imported->left_out.empty());
}

}  // namespace
}  // namespace belay::app
