#include "cli/command.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.hpp"
#include "cli/version.hpp"

namespace belay::cli {

std::string Cli::socket_path() const {
  if (!socket.empty()) return socket;
  if (const auto from_env = io.env("BELAY_SOCKET"); from_env && !from_env->empty()) return *from_env;
  return default_socket;
}

void Cli::failed(const Error& error, bool daemon_away) {
  io.err << "belay: " << safe(error.text()) << '\n' << std::flush;
  code = exit_code(error, daemon_away);
}

void Cli::say(const std::string& message) { io.err << "belay: " << safe(message) << '\n' << std::flush; }

void Cli::print(const Json& document) {
  io.out << document.dump(2, ' ', true, Json::error_handler_t::replace) << '\n' << std::flush;
}

namespace {

std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : full_name(*parent) + ' ' + app.get_name();
}

// CLI11 knows where it stopped only by its subcommands.
const CLI::App& deepest(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : deepest(*parsed.front());
}

}  // namespace

CLI::App* group(CLI::App& parent, const std::string& name, const std::string& summary) {
  CLI::App* app = parent.add_subcommand(name, summary);
  app->require_subcommand(1);
  app->footer(fmt::format("`{} VERB --help` tells more of one.", full_name(*app)));
  return app;
}

CLI::App* offline_verb(CLI::App& parent, Cli& cli, const std::string& name, const std::string& summary,
                       const std::string& example, const std::vector<std::string>& outputs) {
  CLI::App* app = parent.add_subcommand(name, summary);
  app->footer("Example:\n  " + example);
  app->add_option("-o,--output", cli.output, "Form of the answer")
      ->type_name(fmt::format("{}", fmt::join(outputs, "|")))
      ->check([outputs](const std::string& value) {
        const bool known = std::ranges::find(outputs, value) != outputs.end();
        return known ? std::string() : fmt::format("say {}", fmt::join(outputs, ", "));
      });
  return app;
}

CLI::App* verb(CLI::App& parent, Cli& cli, const std::string& name, const std::string& summary,
               const std::string& example) {
  CLI::App* app = offline_verb(parent, cli, name, summary, example);
  app->add_option("--socket", cli.socket, "The daemon's socket; else BELAY_SOCKET, else /run/belay/belayd.sock")
      ->type_name("PATH");
  return app;
}

CLI::Validator between(int least, int most) { return CLI::Range(least, most).description(""); }

std::unique_ptr<CLI::App> make_app(Cli& cli) {
  auto app = std::make_unique<CLI::App>(
      "Takes signed releases to hosts over SSH, and puts every host back, proven, when one fails.", "belay");
  app->require_subcommand(1);
  app->set_help_flag("-h,--help", "Show this help");
  app->set_version_flag("--version", "belay " + version(), "Show the version");
  app->footer("`belay VERB --help` tells more of one, with an example.");
  add_package_verbs(*app, cli);
  add_deploy_verbs(*app, cli);
  add_run_verbs(*app, cli);
  add_record_verbs(*app, cli);
  add_host_verbs(*app, cli);
  add_inventory_verbs(*app, cli);
  add_help_verbs(*app, cli);
  return app;
}

int run(const std::vector<std::string>& arguments, Io& io) {
  Cli cli{io};
  const auto app = make_app(cli);
  try {
    // CLI11 takes them from the back.
    app->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      (void)app->exit(error, io.out, io.err);
      return 0;
    }
    std::string what = error.what();
    while (!what.empty() && (what.back() == '\n' || what.back() == '.')) what.pop_back();
    io.err << fmt::format("belay: {}. See `{} --help`.\n", safe(what), full_name(deepest(*app)));
    return exit_usage;
  }
  return cli.code;
}

}  // namespace belay::cli
