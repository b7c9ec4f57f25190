// env list|show|check and host add|scan-key|list|show|guard: where releases go, and whether they could.
#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/host_body.hpp"
#include "cli/proof_text.hpp"
#include "cli/scan.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"

namespace belay::cli {
namespace {

struct HostOptions {
  std::string name;
  std::string address;
  std::string environment;
  std::string user;
  std::string base;
  std::string transport;
  std::uint16_t port = 22;
  std::vector<std::string> keys;
  std::vector<std::string> groups;
  std::vector<std::string> vars;
};

std::string joined(const Json& list) {
  std::string out;
  for (const Json& item : list) {
    if (item.is_string()) out += (out.empty() ? "" : ", ") + safe(item.get<std::string>());
  }
  return out;
}

void env_list(Cli& cli) {
  Client client(cli.socket_path());
  const auto document = client.get("/v1/environments");
  if (!document) return cli.failed(document.error(), client);
  if (cli.json()) return cli.print(*document);
  Table table({"ENVIRONMENT", "TIER", "HOSTS", "USER", "TRANSPORT"});
  for (const Json& item : list_at(*document, "items")) {
    table.row({text_at(item, "name"), text_at(item, "tier"), std::to_string(number_at(item, "hosts")),
               text_at(item, "user"), text_at(item, "transport")});
  }
  cli.io.out << (table.empty() ? "no environments: environments.yaml says what they are\n"
                               : table.text(Paint{cli.io.colour}))
             << std::flush;
}

void print_hosts(Cli& cli, const Json& hosts) {
  Table table({"HOST", "ENVIRONMENT", "ADDRESS", "PORT", "KEYS", "GROUPS"});
  for (const Json& host : hosts) {
    table.row({text_at(host, "name"), text_at(host, "environment"), text_at(host, "address"),
               std::to_string(number_at(host, "port")),
               list_at(host, "host_keys").empty() ? "NONE PINNED" : std::to_string(list_at(host, "host_keys").size()),
               joined(list_at(host, "groups"))});
  }
  cli.io.out << (table.empty() ? "no hosts: `belay host add` adds one\n" : table.text(Paint{cli.io.colour}))
             << std::flush;
}

void env_show(Cli& cli, const std::string& name) {
  Client client(cli.socket_path());
  const auto document = client.get("/v1/environments/" + part(name));
  if (!document) return cli.failed(document.error(), client);
  if (cli.json()) return cli.print(*document);
  std::string rules;
  if (const auto found = document->find("rules"); found != document->end()) {
    for (const auto& [rule, value] : found->items()) {
      rules += fmt::format("{}{}: {}", rules.empty() ? "" : ", ", safe(rule),
                           safe(value.is_string() ? value.get<std::string>() : value.dump()));
    }
  }
  cli.io.out << pairs({{"environment", text_at(*document, "name")},
                       {"tier", text_at(*document, "tier")},
                       {"user", text_at(*document, "user")},
                       {"transport", text_at(*document, "transport")},
                       {"directory", text_at(*document, "base")},
                       {"rules", rules}},
                      Paint{cli.io.colour})
             << '\n';
  print_hosts(cli, list_at(*document, "hosts"));
}

void env_check(Cli& cli, const std::string& name) {
  Client client(cli.socket_path());
  const auto document = client.post("/v1/environments/" + part(name) + "/check", Json::object());
  if (!document) return cli.failed(document.error(), client);
  const bool good =
      std::ranges::all_of(list_at(*document, "hosts"), [](const Json& host) { return flag_at(host, "ok"); });
  cli.code = good ? 0 : 1;
  if (cli.json()) return cli.print(*document);
  cli.io.out << check_text(*document, Paint{cli.io.colour}) << std::flush;
}

void host_list(Cli& cli, const std::string& environment) {
  Client client(cli.socket_path());
  const auto document = client.get("/v1/hosts" + query_of({{"environment", environment}}));
  if (!document) return cli.failed(document.error(), client);
  if (cli.json()) return cli.print(*document);
  print_hosts(cli, list_at(*document, "items"));
}

void print_host(Cli& cli, const Json& host) {
  if (cli.json()) return cli.print(host);
  std::string vars;
  if (const auto found = host.find("vars"); found != host.end() && found->is_object()) {
    for (const auto& [name, value] : found->items()) {
      vars += fmt::format("{}{}={}", vars.empty() ? "" : ", ", safe(name),
                          value.is_string() ? safe(value.get<std::string>()) : "");
    }
  }
  cli.io.out << pairs({{"host", text_at(host, "name")},
                       {"environment", text_at(host, "environment")},
                       {"address", text_at(host, "address")},
                       {"port", std::to_string(number_at(host, "port"))},
                       {"user", text_at(host, "user")},
                       {"directory", text_at(host, "base")},
                       {"transport", text_at(host, "transport")},
                       {"groups", joined(list_at(host, "groups"))},
                       {"variables", vars}},
                      Paint{cli.io.colour});
  for (const Json& key : list_at(host, "host_keys")) {
    if (key.is_string()) cli.io.out << "pinned  " << safe(key.get<std::string>()) << '\n';
  }
  cli.io.out << std::flush;
}

void host_show(Cli& cli, const std::string& name) {
  Client client(cli.socket_path());
  const auto document = client.get("/v1/hosts/" + part(name));
  if (!document) return cli.failed(document.error(), client);
  print_host(cli, *document);
}

void host_add(Cli& cli, const HostOptions& options) {
  Host host{.name = options.name,
            .environment = options.environment,
            .address = options.address.empty() ? options.name : options.address,
            .port = options.port,
            .user = options.user,
            .base = options.base,
            .transport = options.transport,
            .groups = options.groups,
            .host_keys = options.keys};
  for (const std::string& each : options.vars) {
    const std::size_t equals = each.find('=');
    if (equals == std::string::npos) {
      cli.say(fmt::format("'{}' is no variable: say --var NAME=VALUE.", each));
      cli.code = exit_usage;
      return;
    }
    host.vars[each.substr(0, equals)] = each.substr(equals + 1);
  }
  Client client(cli.socket_path());
  const auto document = client.put("/v1/hosts/" + part(host.name), host_body(host));
  if (!document) return cli.failed(document.error(), client);
  print_host(cli, *document);
  if (options.keys.empty() && options.transport != "local") {
    cli.say(
        fmt::format("no key is pinned, so it cannot be reached yet: compare `belay host scan-key {}` out of band, then "
                    "`belay host add {} … --key 'TYPE KEY'`.",
                    host.address, host.name));
  }
}

void host_guard(Cli& cli, const std::string& name, const char* what) {
  Client client(cli.socket_path());
  const auto document = client.post("/v1/hosts/" + part(name) + "/guard", Json{{"verb", what}});
  if (!document) return cli.failed(document.error(), client);
  if (cli.json()) return cli.print(*document);
  cli.io.out << guard_text(*document) << std::flush;
}

void scan_key(Cli& cli, const HostOptions& options) {
  const auto keys = scan_keys(cli.io, options.address, options.port);
  if (!keys) return cli.failed(keys.error());
  if (cli.json()) {
    Json document{{"address", options.address}, {"port", options.port}, {"keys", Json::array()}};
    for (const ScannedKey& key : *keys) {
      document["keys"].push_back({{"type", key.type}, {"key", key.key}, {"fingerprint", key.fingerprint}});
    }
    return cli.print(document);
  }
  Table table({"TYPE", "FINGERPRINT"});
  for (const ScannedKey& key : *keys) table.row({key.type, key.fingerprint});
  cli.io.out << table.text(Paint{cli.io.colour}) << '\n';
  cli.io.out << "Anyone on the way could have answered. Compare a fingerprint with what the host itself says, at its "
                "console:\n"
                "  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\nIf it is the same, pin that key:\n";
  cli.io.out << fmt::format("  belay host add NAME --address {} --port {} -e ENV --key '{}'\n", safe(options.address),
                            options.port, keys->front().key)
             << std::flush;
}

void add_host_options(CLI::App& app, HostOptions& options) {
  app.add_option("name", options.name, "Its name in Belay")->required()->type_name("NAME");
  app.add_option("-e,--environment", options.environment, "The environment it belongs to")
      ->required()
      ->type_name("ENV");
  app.add_option("--address", options.address, "Host name or IP address; else its name")->type_name("ADDRESS");
  app.add_option("-p,--port", options.port, "TCP port of sshd")
      ->check(between(1, 65535))
      ->type_name("PORT")
      ->capture_default_str();
  app.add_option("--key", options.keys, "A host key to pin, 'TYPE KEY'; once per key")
      ->type_name("KEY")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--user", options.user, "SSH user; else the environment's")->type_name("USER");
  app.add_option("--base", options.base, "Belay's directory on the host; else the environment's")->type_name("PATH");
  app.add_option("--transport", options.transport, "ssh, openssh or local; else the environment's")->type_name("NAME");
  app.add_option("--group", options.groups, "A group it is in; once per group")
      ->type_name("GROUP")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--var", options.vars, "A variable's value here; once per variable")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace

void add_host_verbs(CLI::App& app, Cli& cli) {
  CLI::App* env = group(app, "env", "Environments: where releases go, and by which rules");
  verb(*env, cli, "list", "List the environments", "belay env list")->callback([&cli] { env_list(cli); });
  {
    auto name = std::make_shared<std::string>();
    CLI::App* show =
        verb(*env, cli, "show", "Show an environment, its rules and its hosts", "belay env show production");
    show->add_option("env", *name, "The environment")->required()->type_name("ENV");
    show->callback([&cli, name] { env_show(cli, *name); });
  }
  {
    auto name = std::make_shared<std::string>();
    CLI::App* check = verb(*env, cli, "check", "Ask every host: reachable, right key, tools, guarantee class, room?",
                           "belay env check production");
    check->add_option("env", *name, "The environment")->required()->type_name("ENV");
    check->callback([&cli, name] { env_check(cli, *name); });
  }
  CLI::App* host = group(app, "host", "Hosts and their pinned keys");
  {
    auto options = std::make_shared<HostOptions>();
    CLI::App* add = verb(*host, cli, "add", "Add a host, or replace what is known of it",
                         "belay host add web1 -e production --address 10.0.0.11 --key 'ssh-ed25519 AAAAC3Nza…'");
    add_host_options(*add, *options);
    add->callback([&cli, options] { host_add(cli, *options); });
  }
  {
    auto options = std::make_shared<HostOptions>();
    CLI::App* scan = offline_verb(*host, cli, "scan-key", "Show a host's keys for comparison out of band; pins nothing",
                                  "belay host scan-key 10.0.0.11 --port 22");
    scan->add_option("address", options->address, "Host name or IP address")->required()->type_name("ADDRESS");
    scan->add_option("-p,--port", options->port, "TCP port of sshd")
        ->check(between(1, 65535))
        ->type_name("PORT")
        ->capture_default_str();
    scan->callback([&cli, options] { scan_key(cli, *options); });
  }
  {
    auto environment = std::make_shared<std::string>();
    CLI::App* list = verb(*host, cli, "list", "List the hosts", "belay host list -e production");
    list->add_option("-e,--environment", *environment, "Only of this environment")->type_name("ENV");
    list->callback([&cli, environment] { host_list(cli, *environment); });
  }
  {
    auto name = std::make_shared<std::string>();
    CLI::App* show = verb(*host, cli, "show", "Show a host", "belay host show web1");
    show->add_option("name", *name, "The host")->required()->type_name("HOST");
    show->callback([&cli, name] { host_show(cli, *name); });
  }
  {
    struct Options {
      std::string name;
      bool remove = false;
      bool show = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* guard =
        verb(*host, cli, "guard", "Install the boot hook: a host that reboots in mid-step is put back while it starts",
             "belay host guard web1");
    guard->add_option("name", options->name, "The host")->required()->type_name("HOST");
    CLI::Option* remove = guard->add_flag("--remove", options->remove, "Take the boot hook away again");
    guard->add_flag("--show", options->show, "Only say whether there is one")->excludes(remove);
    guard->callback([&cli, options] {
      host_guard(cli, options->name, options->remove ? "remove" : options->show ? "show" : "install");
    });
  }
}

}  // namespace belay::cli
