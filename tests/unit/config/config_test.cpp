// belayd.yaml: defaults, every key, and the sentence and place of every kind of mistake.
#include "daemon/app/config.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace belay::app {
namespace {

TEST(Config, AnEmptyFileIsAllDefaults) {
  for (const char* text : {"", "# only a comment\n", "{}\n"}) {
    const auto config = parse_config(text, "belayd.yaml");
    ASSERT_TRUE(config) << config.error().text();
    EXPECT_EQ(config->state, "/var/lib/belay");
    EXPECT_EQ(config->socket, "/run/belay/belayd.sock");
    EXPECT_EQ(config->environments, "/etc/belay/environments.yaml");
    EXPECT_TRUE(config->plugins.string().ends_with("/belay/plugins"));
    EXPECT_TRUE(config->workers.string().ends_with("/belay"));
    EXPECT_EQ(config->log.level, LogLevel::info);
    EXPECT_EQ(config->limits.package_bytes, std::uint64_t{8} << 30);
  }
}

TEST(Config, EveryKeyArrives) {
  const auto config = parse_config(R"(
state: /srv/belay state
socket: /run/x.sock
socket_group: release-team
environments: /etc/e.yaml
plugins: /opt/plugins
workers: /opt/workers
log: {level: debug, format: json, file: /var/log/belayd.log}
limits:
  package_bytes: 2GiB
  request_bytes: 65536
  connections: 7
  connections_per_user: 3
  header_seconds: 1
  upload_seconds: 2m
  answer_seconds: 3s
  idle_seconds: 1h
)",
                                   "belayd.yaml");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->state, "/srv/belay state");
  EXPECT_EQ(config->socket, "/run/x.sock");
  EXPECT_EQ(config->socket_group, "release-team");
  EXPECT_EQ(config->environments, "/etc/e.yaml");
  EXPECT_EQ(config->plugins, "/opt/plugins");
  EXPECT_EQ(config->workers, "/opt/workers");
  EXPECT_EQ(config->log.level, LogLevel::debug);
  EXPECT_EQ(config->log.format, LogFormat::json);
  EXPECT_EQ(config->log.file, "/var/log/belayd.log");
  EXPECT_EQ(config->limits.package_bytes, std::uint64_t{2} << 30);
  EXPECT_EQ(config->limits.request_bytes, 65536U);
  EXPECT_EQ(config->limits.connections, 7);
  EXPECT_EQ(config->limits.connections_per_user, 3);
  EXPECT_EQ(config->limits.header_seconds, 1);
  EXPECT_EQ(config->limits.upload_seconds, 120);
  EXPECT_EQ(config->limits.answer_seconds, 3);
  EXPECT_EQ(config->limits.idle_seconds, 3600);
}

struct Mistake {
  const char* name;
  std::string text;
  const char* says;  // part of Error::text()
};

const std::vector<Mistake> mistakes{
    {"unknown_key", "sate: /x\n", "belayd.yaml:1:1: the key \"sate\" is not known. Did you mean \"state\"?"},
    {"unknown_inner_key", "log:\n  leve: info\n",
     "belayd.yaml:2:3: the key \"leve\" is not known in \"log\". Did you mean \"level\"?"},
    {"unknown_limit", "limits: {parcels: 1}\n", "belayd.yaml:1:10: the key \"parcels\" is not known"},
    {"twice", "state: /a\nstate: /b\n", "belayd.yaml:2:1"},
    {"relative_path", "state: var/lib\n", "belayd.yaml:1:8: \"state\" must be an absolute path"},
    {"path_with_quote", "state: '/a\"b'\n", "must be an absolute path"},
    {"path_with_newline", "state: \"/a\\nb\"\n", "must be an absolute path"},
    {"path_with_zero", "plugins: \"/a\\0b\"\n", "belayd.yaml:1"},
    {"path_is_number", "plugins: 7\n", "\"plugins\" must be"},
    {"socket_too_long", "socket: /" + std::string(107, 's') + "\n",
     "belayd.yaml:1:9: \"socket\" must be an absolute path of at most 107 bytes"},
    {"bad_group", "socket_group: 'a b'\n", "the name of a group"},
    {"bad_level", "log: {level: loud}\n", "belayd.yaml:1:14: \"log.level\" must be one of debug, info, warning, error"},
    {"log_is_text", "log: info\n", "\"log\" must be a map"},
    {"bytes_zero", "limits: {package_bytes: 0}\n", "belayd.yaml:1:25"},
    {"bytes_negative", "limits: {package_bytes: -5}\n", "belayd.yaml:1:25"},
    {"bytes_unit", "limits: {package_bytes: 8GB}\n", "a number of bytes such as"},
    {"bytes_huge", "limits: {package_bytes: 99999999999999999999}\n", "belayd.yaml:1:25"},
    {"count_zero", "limits: {connections: 0}\n", "belayd.yaml:1:23"},
    {"duration_zero", "limits: {idle_seconds: 0}\n", "greater than or equal to 1"},
    {"duration_word", "limits: {idle_seconds: soon}\n", "a time such as 30s"},
    {"duration_too_long", "limits: {idle_seconds: 999999h}\n", "belayd.yaml:1:24"},
    {"list", "- state\n", "must be a map"},
    {"anchor", "state: &a /x\n", "belayd.yaml:1:8"},
    {"two_documents", "state: /x\n---\nstate: /y\n", "belayd.yaml:"},
    {"not_yaml", "state: [\n", "belayd.yaml:"},
};

class ConfigMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistake, IsNamedWithItsPlace) {
  const auto config = parse_config(GetParam().text, "belayd.yaml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind, Kind::invalid);
  EXPECT_NE(config.error().text().find(GetParam().says), std::string::npos) << config.error().text();
}

INSTANTIATE_TEST_SUITE_P(All, ConfigMistake, ::testing::ValuesIn(mistakes),
                         [](const auto& param) { return param.param.name; });

class ConfigFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "belay-config-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    path_ = directory_ / "belayd.yaml";
    std::ofstream(path_) << "state: /srv/belay\n";
    ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_;
  std::filesystem::path path_;
};

TEST_F(ConfigFile, IsRead) {
  const auto config = read_config(path_);
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->state, "/srv/belay");
}

TEST_F(ConfigFile, ThatEverybodyMayWriteIsRefused) {
  ASSERT_EQ(::chmod(path_.c_str(), 0646), 0);
  const auto config = read_config(path_);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind, Kind::refused);
  EXPECT_NE(config.error().what.find("everybody may write it"), std::string::npos);
}

TEST_F(ConfigFile, ThatIsMissingOrNoFileOrTooLarge) {
  EXPECT_EQ(read_config(directory_ / "none").error().kind, Kind::not_found);
  EXPECT_EQ(read_config(directory_).error().kind, Kind::invalid);
  ASSERT_EQ(::mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_config(directory_ / "fifo").error().kind, Kind::invalid);
  std::ofstream(path_) << std::string(2 << 20, '#');
  EXPECT_EQ(read_config(path_).error().kind, Kind::invalid);
}

}  // namespace
}  // namespace belay::app
