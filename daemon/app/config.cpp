#include "daemon/app/config.hpp"

#include "daemon/app/config_file.hpp"

namespace belay::app {
namespace {

void set_path(const Value& map, std::string_view key, std::filesystem::path& path) {
  if (const Value* value = map.find(key)) path = *value->text();
}

void set_count(const Value& map, std::string_view key, int& count) {
  if (const Value* value = map.find(key)) count = static_cast<int>(*value->integer());
}

LogConfig log_of(const Value& map) {
  LogConfig log;
  const std::string level = map.text_or("level", "info");
  log.level = level == "debug"     ? LogLevel::debug
              : level == "warning" ? LogLevel::warning
              : level == "error"   ? LogLevel::error
                                   : LogLevel::info;
  log.format = map.text_or("format", "text") == "json" ? LogFormat::json : LogFormat::text;
  set_path(map, "file", log.file);
  return log;
}

Result<Limits> limits_of(const Value& map) {
  Limits limits;
  BELAY_TRY(limits.package_bytes, bytes(map, "package_bytes", limits.package_bytes));
  BELAY_TRY(limits.request_bytes, bytes(map, "request_bytes", limits.request_bytes));
  set_count(map, "connections", limits.connections);
  set_count(map, "connections_per_user", limits.connections_per_user);
  BELAY_TRY(limits.header_seconds, seconds(map, "header_seconds", limits.header_seconds));
  BELAY_TRY(limits.upload_seconds, seconds(map, "upload_seconds", limits.upload_seconds));
  BELAY_TRY(limits.answer_seconds, seconds(map, "answer_seconds", limits.answer_seconds));
  BELAY_TRY(limits.idle_seconds, seconds(map, "idle_seconds", limits.idle_seconds));
  return limits;
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& file) {
  BELAY_TRY(const Value value, read_checked(text, file, belayd_schema_text()));
  Config config;
  config.plugins = BELAY_PLUGINS_DIR;
  config.workers = BELAY_WORKERS_DIR;
  set_path(value, "state", config.state);
  set_path(value, "socket", config.socket);
  config.socket_group = value.text_or("socket_group");
  set_path(value, "environments", config.environments);
  config.snapshot_key = config.state / "keys" / "snapshots";
  set_path(value, "snapshot_key", config.snapshot_key);
  set_path(value, "plugins", config.plugins);
  set_path(value, "workers", config.workers);
  if (const Value* log = value.find("log")) config.log = log_of(*log);
  if (const Value* limits = value.find("limits")) {
    BELAY_TRY(config.limits, limits_of(*limits));
  }
  return config;
}

Result<Config> read_config(const std::filesystem::path& path) {
  BELAY_TRY(const std::string text, read_config_file(path));
  return parse_config(text, path.string());
}

}  // namespace belay::app
