#include "daemon/app/log.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "daemon/base/escape.hpp"

namespace belay::app {
namespace {

// The message as one line that only says what it says.
class SafeText final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string safe = show(std::string_view(message.payload.data(), message.payload.size()));
    out.append(safe.data(), safe.data() + safe.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<SafeText>(); }
};

// The same as a JSON string, quotes included.
class SafeJson final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string safe =
        nlohmann::json(show(std::string_view(message.payload.data(), message.payload.size()))).dump();
    out.append(safe.data(), safe.data() + safe.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<SafeJson>(); }
};

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

Result<void> set_up_log(const LogConfig& config) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  try {
    if (config.file.empty())
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    else
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(config.file.string());
  } catch (const spdlog::spdlog_ex& error) {
    return fail(Kind::io, fmt::format("cannot open the log {}: {}", config.file.string(), show(error.what())),
                "Correct `log: file`");
  }
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc, "\n");
  if (config.format == LogFormat::json) {
    formatter->add_flag<SafeJson>('*');
    formatter->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","pid":%P,"message":%*})");
  } else {
    formatter->add_flag<SafeText>('*');
    formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-8l %*");
  }
  sink->set_formatter(std::move(formatter));
  auto logger = std::make_shared<spdlog::logger>("belayd", std::move(sink));
  logger->set_level(level_of(config.level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

}  // namespace belay::app
