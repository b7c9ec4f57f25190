// inventory import: hosts from what an Ansible user already has.
#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/host_body.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "daemon/package/files.hpp"
#include "daemon/wire/inventory_import.hpp"

namespace belay::cli {
namespace {

// Inventories of ten thousand hosts are about a megabyte.
constexpr std::size_t largest_inventory = 16u << 20;

struct Options {
  std::string file;
  std::string environment;
  bool dry_run = false;
};

// What an import would lose: keys that are pinned now and that the inventory does not name stay pinned.
Result<Json> merged(Client& client, const Host& host) {
  Json body = host_body(host);
  if (!host.host_keys.empty()) return body;
  auto known = client.get("/v1/hosts/" + part(host.name));
  if (!known && known.error().kind == Kind::not_found) return body;
  if (!known) return std::unexpected(known.error());
  if (known->value("address", "") == host.address && known->value("port", 22) == host.port) {
    body["host_keys"] = list_at(*known, "host_keys");
  }
  return body;
}

void import(Cli& cli, const Options& options) {
  const auto text = package::read_file(options.file, largest_inventory);
  if (!text) return cli.failed(text.error());
  const auto inventory = wire::import_inventory(*text, options.file, options.environment);
  if (!inventory) return cli.failed(inventory.error());
  for (const Finding& finding : inventory->left_out) cli.io.err << safe(finding.text()) << '\n';

  Client client(cli.socket_path());
  Json done = Json::array();
  Table table({"HOST", "ADDRESS", "PORT", "KEYS", "GROUPS"});
  std::size_t without_key = 0;
  for (const Host& host : inventory->hosts) {
    auto body = merged(client, host);
    if (!body) return cli.failed(body.error(), client);
    Json shown = *body;
    shown["name"] = host.name;
    if (!options.dry_run) {
      const auto put = client.put("/v1/hosts/" + part(host.name), *body);
      if (!put) {
        cli.say(fmt::format("{} of {} hosts were imported before this:", done.size(), inventory->hosts.size()));
        return cli.failed(put.error(), client);
      }
      shown = *put;
    }
    const std::size_t keys = list_at(shown, "host_keys").size();
    if (keys == 0) ++without_key;
    table.row({host.name, safe(host.address), std::to_string(host.port),
               keys == 0 ? "NONE PINNED" : std::to_string(keys),
               safe(fmt::format("{}", fmt::join(host.groups, ", ")))});
    done.push_back(std::move(shown));
  }
  if (cli.json()) {
    cli.print({{"items", done}, {"next", nullptr}});
  } else {
    cli.io.out << table.text(Paint{cli.io.colour}) << std::flush;
  }
  if (options.dry_run) cli.say("nothing was changed (--dry-run)");
  if (without_key > 0) {
    cli.say(fmt::format(
        "{} no pinned key: compare `belay host scan-key ADDRESS` out of band, then `belay host add … --key`",
        count_of(without_key, "host has", "hosts have")));
  }
}

}  // namespace

void add_inventory_verbs(CLI::App& app, Cli& cli) {
  CLI::App* inventory = group(app, "inventory", "Hosts from an inventory of another tool");
  auto options = std::make_shared<Options>();
  CLI::App* import_verb =
      verb(*inventory, cli, "import", "Add the hosts of an Ansible inventory: its YAML, or the JSON of --list",
           "belay inventory import hosts.yaml -e production --dry-run");
  import_verb->add_option("file", options->file, "The inventory")->required()->type_name("FILE");
  import_verb->add_option("-e,--environment", options->environment, "The environment the hosts belong to")
      ->required()
      ->type_name("ENV");
  import_verb->add_flag("--dry-run", options->dry_run, "Show what would be added and change nothing");
  import_verb->callback([&cli, options] { import(cli, *options); });
}

}  // namespace belay::cli
