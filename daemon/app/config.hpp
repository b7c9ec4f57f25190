// belayd.yaml: where the daemon keeps and finds its things, and the bounds it works in.
//
// Every key has the default that stands here; unknown keys, wrong types and impossible values are Kind::invalid with
// file:line:column. docs/configuration.md lists all of them. Pure, but for the reading of the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"

namespace belay::app {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { text, json };

struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  std::filesystem::path file;  // empty: standard error
};

struct Limits {
  std::uint64_t package_bytes = std::uint64_t{8} << 30;
  std::uint64_t request_bytes = 1U << 20;
  int connections = 4096;
  int connections_per_user = 2048;
  int header_seconds = 10;
  int upload_seconds = 30;
  int answer_seconds = 30;
  int idle_seconds = 60;
};

struct Config {
  std::filesystem::path state = "/var/lib/belay";
  std::filesystem::path socket = "/run/belay/belayd.sock";
  std::string socket_group;  // empty: nobody but the daemon's user and root
  std::filesystem::path environments = "/etc/belay/environments.yaml";
  std::filesystem::path plugins;       // default: share/belay/plugins of the installation
  std::filesystem::path workers;       // default: libexec/belay of the installation
  std::filesystem::path snapshot_key;  // default: keys/snapshots in the state directory; made when it is not there
  LogConfig log;
  Limits limits;
};

// `file` is only used in places.
[[nodiscard]] Result<Config> parse_config(std::string_view text, const std::string& file);
// The same from a file; see read_config_file for what is refused.
[[nodiscard]] Result<Config> read_config(const std::filesystem::path& path);

}  // namespace belay::app
