// The tree of verbs: what every command shares. Each verb is defined once, with CLI11; help, man pages and completion
// are made from that definition (man.hpp, completion.hpp). One thread.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "cli/io.hpp"
#include "cli/view.hpp"
#include "daemon/base/error.hpp"

namespace belay::cli {

constexpr int exit_usage = 64;  // sysexits
constexpr const char* default_socket = "/run/belay/belayd.sock";

// What one call of `belay` works with.
struct Cli {
  Io& io;
  std::string socket = {};       // --socket
  std::string output = "table";  // -o
  int code = 0;                  // the exit code the verb decided on

  [[nodiscard]] bool json() const { return output == "json"; }
  // --socket, else BELAY_SOCKET, else the default.
  [[nodiscard]] std::string socket_path() const;
  // "belay: <what>. <next>" on err, made safe; sets the exit code.
  void failed(const Error& error, bool daemon_away = false);
  void failed(const Error& error, const Client& client) { failed(error, client.away()); }
  // A message for people on err: "belay: …".
  void say(const std::string& message);
  // A document on out, escaped so that no byte of it can move a cursor.
  void print(const Json& document);
};

// A group of verbs ("run") below `parent`.
CLI::App* group(CLI::App& parent, const std::string& name, const std::string& summary);

// A verb with the options that all share (-o, and --socket where it talks to the daemon) and an example for its --help.
CLI::App* verb(CLI::App& parent, Cli& cli, const std::string& name, const std::string& summary,
               const std::string& example);
// A verb that needs no daemon.
CLI::App* offline_verb(CLI::App& parent, Cli& cli, const std::string& name, const std::string& summary,
                       const std::string& example, const std::vector<std::string>& outputs = {"table", "json"});

// A number of `least` to `most`; anything else is wrong usage.
[[nodiscard]] CLI::Validator between(int least, int most);

// The whole tree. `cli` must outlive it.
[[nodiscard]] std::unique_ptr<CLI::App> make_app(Cli& cli);

// Runs a command line (without the program's name). Returns the exit code.
[[nodiscard]] int run(const std::vector<std::string>& arguments, Io& io);

// The verbs, by file.
void add_deploy_verbs(CLI::App& app, Cli& cli);     // deploy, rehearse, plan, rollback
void add_run_verbs(CLI::App& app, Cli& cli);        // run …, logs, proof
void add_record_verbs(CLI::App& app, Cli& cli);     // diff, baseline …, block …, status, version
void add_host_verbs(CLI::App& app, Cli& cli);       // env …, host …
void add_inventory_verbs(CLI::App& app, Cli& cli);  // inventory …
void add_package_verbs(CLI::App& app, Cli& cli);    // package …, lint
void add_help_verbs(CLI::App& app, Cli& cli);       // help, completion

}  // namespace belay::cli
