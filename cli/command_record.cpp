// diff, baseline, block, status, version: what stands where, and what the daemon remembers.
#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/proof_text.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/version.hpp"

namespace belay::cli {
namespace {

struct Where {
  std::string application;
  std::string environment;
  std::string against;
};

struct Lift {
  std::string package;
  std::string environment;
  std::string reason;
};

void add_where(CLI::App& app, Where& where) {
  app.add_option("app", where.application, "The application")->required()->type_name("APP");
  app.add_option("-e,--environment", where.environment, "The environment")->required()->type_name("ENV");
}

void diff(Cli& cli, const Where& where) {
  Client client(cli.socket_path());
  const auto document = client.get(
      "/v1/diff" +
      query_of({{"application", where.application}, {"environment", where.environment}, {"against", where.against}}));
  if (!document) {
    cli.failed(document.error(), client);
    cli.code = 2;  // as diff(1): trouble
    return;
  }
  cli.code = !list_at(*document, "problems").empty() ? 2 : flag_at(*document, "same") ? 0 : 1;
  if (cli.json()) return cli.print(*document);
  cli.io.out << diff_text(*document, Paint{cli.io.colour}) << std::flush;
}

void baselines(Cli& cli, const Where& where, bool only_current) {
  Client client(cli.socket_path());
  const auto document =
      client.get("/v1/baselines" + query_of({{"application", where.application}, {"environment", where.environment}}));
  if (!document) return cli.failed(document.error(), client);
  const Paint paint{cli.io.colour};
  if (only_current) {
    for (const Json& item : list_at(*document, "items")) {
      if (!flag_at(item, "current")) continue;
      if (cli.json()) return cli.print(item);
      cli.io.out << pairs({{"application", text_at(item, "application")},
                           {"environment", text_at(item, "environment")},
                           {"version", text_at(item, "version")},
                           {"since", date_time(number_at(item, "at_ms"))},
                           {"package", text_at(item, "package")},
                           {"run", text_at(item, "run")},
                           {"before it", text_at(item, "previous_run")},
                           {"manifest", text_at(item, "manifest")},
                           {"portable", text_at(item, "portable")}},
                          paint)
                 << std::flush;
      return;
    }
    return cli.failed(Error{Kind::not_found,
                            fmt::format("{} has no baseline in {}", where.application, where.environment),
                            "It gets one with its first deployment there.",
                            {}});
  }
  if (cli.json()) return cli.print(*document);
  Table table({"VERSION", "SINCE", "RUN", "PACKAGE", "CURRENT"});
  for (const Json& item : list_at(*document, "items")) {
    table.row({text_at(item, "version"), date_time(number_at(item, "at_ms")), text_at(item, "run"),
               text_at(item, "package").substr(0, 12), flag_at(item, "current") ? "yes" : ""});
  }
  cli.io.out << (table.empty() ? "no baselines\n" : table.text(paint)) << std::flush;
}

void block_list(Cli& cli) {
  Client client(cli.socket_path());
  const auto document = client.get("/v1/blocks");
  if (!document) return cli.failed(document.error(), client);
  if (cli.json()) return cli.print(*document);
  Table table({"PACKAGE", "WHERE", "SINCE", "RUN", "WHY"});
  for (const Json& item : list_at(*document, "items")) {
    table.row({text_at(item, "package"), text_at(item, "environment"), date_time(number_at(item, "at_ms")),
               text_at(item, "run"), text_at(item, "reason")});
  }
  cli.io.out << (table.empty() ? "nothing is blocked\n" : table.text(Paint{cli.io.colour})) << std::flush;
}

void block_lift(Cli& cli, const Lift& lift) {
  Client client(cli.socket_path());
  const auto document = client.post("/v1/blocks/" + part(lift.package) + "/lift",
                                    {{"environment", lift.environment}, {"reason", lift.reason}});
  if (!document) return cli.failed(document.error(), client);
  if (cli.json()) return cli.print(*document);
  cli.io.out << fmt::format("{} may be tried again in {}.\n", safe(lift.package).substr(0, 12), safe(lift.environment))
             << std::flush;
}

void status(Cli& cli) {
  Client client(cli.socket_path());
  const auto document = client.get("/v1/status");
  if (!document) return cli.failed(document.error(), client);
  if (cli.json()) return cli.print(*document);
  cli.io.out << pairs({{"daemon", "belayd " + text_at(*document, "version")},
                       {"pid", std::to_string(number_at(*document, "pid"))},
                       {"state", text_at(*document, "state_dir")},
                       {"epoch", std::to_string(number_at(*document, "epoch"))},
                       {"ready", flag_at(*document, "ready", true) ? "yes" : "no, it recovers"},
                       {"runs now", std::to_string(number_at(*document, "runs_running"))}},
                      Paint{cli.io.colour})
             << std::flush;
}

}  // namespace

void add_record_verbs(CLI::App& app, Cli& cli) {
  {
    auto where = std::make_shared<Where>();
    CLI::App* diff_verb =
        verb(app, cli, "diff",
             "What differs from the baseline, or between environments: exit 0 same, 1 different, 2 trouble",
             "belay diff permits-portal -e production --against test");
    add_where(*diff_verb, *where);
    diff_verb->add_option("--against", where->against, "Compare with this environment instead of the baseline")
        ->type_name("ENV");
    diff_verb->callback([&cli, where] { diff(cli, *where); });
  }
  CLI::App* baseline = group(app, "baseline", "The last accepted release of an application in an environment");
  {
    auto where = std::make_shared<Where>();
    CLI::App* list = verb(*baseline, cli, "list", "List accepted releases, newest first",
                          "belay baseline list permits-portal -e production");
    add_where(*list, *where);
    list->callback([&cli, where] { baselines(cli, *where, false); });
  }
  {
    auto where = std::make_shared<Where>();
    CLI::App* show =
        verb(*baseline, cli, "show", "Show the baseline", "belay baseline show permits-portal -e production");
    add_where(*show, *where);
    show->callback([&cli, where] { baselines(cli, *where, true); });
  }
  CLI::App* block = group(app, "block", "Packages that failed and may not be tried again yet");
  verb(*block, cli, "list", "List what is blocked", "belay block list")->callback([&cli] { block_list(cli); });
  {
    auto options = std::make_shared<Lift>();
    CLI::App* lift = verb(*block, cli, "lift", "Let a package be tried again",
                          "belay block lift 9f2c… -e production --reason 'disk was full, now is not'");
    lift->add_option("package", options->package, "The package's digest")->required()->type_name("DIGEST");
    lift->add_option("-e,--environment", options->environment, "Where it is blocked")->required()->type_name("ENV");
    lift->add_option("--reason", options->reason, "Why it may be tried again")->required()->type_name("TEXT");
    lift->callback([&cli, options] { block_lift(cli, *options); });
  }
  verb(app, cli, "status", "What the daemon is and does", "belay status")->callback([&cli] { status(cli); });
  offline_verb(app, cli, "version", "The version of this command", "belay version")->callback([&cli] {
    if (cli.json()) return cli.print({{"version", version()}});
    cli.io.out << "belay " << version() << '\n' << std::flush;
  });
}

}  // namespace belay::cli
