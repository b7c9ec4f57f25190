// belayd: the daemon's command line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "daemon/app/config.hpp"
#include "daemon/app/daemon.hpp"
#include "daemon/app/environments.hpp"
#include "daemon/app/log.hpp"

int main(int argc, char** argv) {
  CLI::App app{"belayd: takes approved, signed release packages to their hosts, and brings hosts back"};
  std::string file = "/etc/belay/belayd.yaml";
  bool check = false;
  app.add_option("--config", file, "the configuration (docs/configuration.md)")->capture_default_str();
  app.add_flag("--check-config", check, "read the configuration and the environments, say what is wrong, and end");
  app.set_version_flag("--version", "belayd " BELAY_VERSION);
  app.footer("Example:\n  belayd --config /etc/belay/belayd.yaml");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 64;
  }
  const auto complain = [](const belay::Error& error) {
    fmt::print(stderr, "belayd: {}\n", error.text());
    return 1;
  };
  const auto config = belay::app::read_config(file);
  if (!config) return complain(config.error());
  if (check) {
    if (auto environments = belay::app::read_environments(config->environments); !environments)
      return complain(environments.error());
    fmt::print("{} is in order\n", file);
    return 0;
  }
  if (auto log = belay::app::set_up_log(config->log); !log) return complain(log.error());
  return belay::app::run_daemon(*config);
}
