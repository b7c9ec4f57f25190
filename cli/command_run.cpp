// run list|show|watch|abort, logs, proof: what runs do, did, and left proven.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/command.hpp"
#include "cli/follow.hpp"
#include "cli/proof_text.hpp"
#include "cli/standing_text.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/verdict.hpp"

namespace belay::cli {
namespace {

struct ListOptions {
  std::string application;
  std::string environment;
  std::string state;
  std::string before;
  int limit = 50;
};

struct RunOptions {
  std::string run;
  std::string reason;
  int patience = 600;
};

struct LogOptions {
  std::string run;
  std::string host;
  int step = 0;
  bool follow = false;
  int patience = 600;
};

std::string path_of(const std::string& run) { return "/v1/runs/" + part(run); }

void list(Cli& cli, const ListOptions& options) {
  Client client(cli.socket_path());
  const auto runs = client.get("/v1/runs" + query_of({{"application", options.application},
                                                      {"environment", options.environment},
                                                      {"state", options.state},
                                                      {"before", options.before},
                                                      {"limit", std::to_string(options.limit)}}));
  if (!runs) return cli.failed(runs.error(), client);
  if (cli.json()) return cli.print(*runs);
  Table table({"RUN", "WHEN", "KIND", "WHAT", "WHERE", "STATE", "EXIT", "BY"});
  for (const Json& run : list_at(*runs, "items")) {
    const auto code = number_at(run, "exit_code", -1);
    table.row({text_at(run, "id"), date_time(number_at(run, "created_ms")), text_at(run, "kind"),
               text_at(run, "application") + ' ' + text_at(run, "version"), text_at(run, "environment"),
               text_at(run, "state"), code < 0 ? "-" : std::to_string(code), text_at(run, "actor")});
  }
  cli.io.out << (table.empty() ? "no runs\n" : table.text(Paint{cli.io.colour})) << std::flush;
  if (const std::string next = text_at(*runs, "next"); !next.empty()) cli.say("there are older ones: --before " + next);
}

void show_run(Cli& cli, const RunOptions& options) {
  Client client(cli.socket_path());
  const auto document = client.get(path_of(options.run));
  if (!document) return cli.failed(document.error(), client);
  if (cli.json()) return cli.print(*document);
  const Paint paint{cli.io.colour};
  const RunView view = read_view(*document);
  cli.io.out << pairs({{"run", view.id},
                       {"kind", view.kind},
                       {"what", view.what()},
                       {"where", view.environment},
                       {"package", view.package.substr(0, 12)},
                       {"of", view.of},
                       {"by", view.actor},
                       {"reason", view.reason},
                       {"began", date_time(view.created_ms)},
                       {"state", view.state},
                       {"phase", view.phase}},
                      paint);
  if (!view.hosts.empty()) {
    Table table({"HOST", "BATCH", "STATE", "STEP", "NAME", "PHASE", "NOTE"});
    for (const HostView& host : view.hosts) {
      table.row({host.name, std::to_string(host.batch + 1), host.state, "", "", "", host.note});
      for (const StepView& step : host.steps) {
        table.row({"", "", "", std::to_string(step.step), view.step_name(step.step), step.phase, step.note});
      }
    }
    cli.io.out << '\n' << table.text(paint);
  }
  if (view.ended()) {
    const auto [columns, rows] = cli.io.size();
    cli.io.out << '\n' << standing_text(view, paint);
    for (const std::string& line : verdict(view, Canvas{columns, rows, cli.io.utf8, paint})) cli.io.out << line << '\n';
  }
  cli.io.out << std::flush;
}

void watch(Cli& cli, const RunOptions& options) {
  Client client(cli.socket_path());
  Follower follower(client, cli.io, {cli.json(), std::chrono::seconds(options.patience)});
  cli.code = follower.follow(options.run);
}

void abort(Cli& cli, const RunOptions& options) {
  Client client(cli.socket_path());
  const auto done = client.post(path_of(options.run) + "/abort", {{"reason", options.reason}});
  if (!done) return cli.failed(done.error(), client);
  if (cli.json()) return cli.print(*done);
  cli.io.out << fmt::format("The run stops going forward and puts its hosts back. Watch it: belay run watch {}\n",
                            safe(options.run))
             << std::flush;
}

// One log document as lines "web1 3 apply | text".
void print_log(Cli& cli, const Json& line) {
  if (cli.json()) {
    cli.io.out << line.dump(-1, ' ', true, Json::error_handler_t::replace) << '\n' << std::flush;
    return;
  }
  const std::string head =
      fmt::format("{} {} {} | ", text_at(line, "host"), number_at(line, "step"), text_at(line, "op"));
  const auto found = line.find("text");
  const std::string text =
      found != line.end() && found->is_string() ? safe(found->get<std::string>(), true) : std::string();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    cli.io.out << head << text.substr(begin, end - begin) << '\n';
    begin = end + 1;
  }
  if (const std::string problem = text_at(line, "problem"); !problem.empty())
    cli.io.out << head << '(' << problem << ")\n";
  cli.io.out << std::flush;
}

void logs(Cli& cli, const LogOptions& options) {
  Client client(cli.socket_path());
  std::uint64_t last = 0;
  std::string rest;
  const auto on_data = [&](std::string_view piece) {
    rest += piece;
    std::size_t begin = 0;
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
      const Json line = Json::parse(rest.substr(begin, end - begin), nullptr, false);
      begin = end + 1;
      if (!line.is_object()) continue;  // an empty line: a sign of life
      last = std::max(last, static_cast<std::uint64_t>(number_at(line, "seq")));
      print_log(cli, line);
    }
    rest.erase(0, begin);
    return cli.io.out.good();
  };
  auto patience_ends = std::chrono::steady_clock::now() + std::chrono::seconds(options.patience);
  for (;;) {
    const std::uint64_t before = last;
    rest.clear();
    const auto read = client.stream(path_of(options.run) + "/logs" +
                                        query_of({{"host", options.host},
                                                  {"step", options.step > 0 ? std::to_string(options.step) : ""},
                                                  {"after", last > 0 ? std::to_string(last) : ""},
                                                  {"follow", options.follow ? "true" : ""}}),
                                    0, on_data, [&] { return cli.io.out.good(); });
    if (last != before) patience_ends = std::chrono::steady_clock::now() + std::chrono::seconds(options.patience);
    if (!read && read.error().kind == Kind::cancelled) {
      cli.code = 130;
      return;
    }
    if (!read && (!options.follow || !client.away() || std::chrono::steady_clock::now() > patience_ends)) {
      return cli.failed(read.error(), client);
    }
    if (!options.follow || !cli.io.out.good()) return;
    if (read) {
      // The stream has ended: was that the run's end, or the daemon's?
      const auto view = client.get(path_of(options.run));
      if (view && read_view(*view).ended()) return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
  }
}

void proof(Cli& cli, const RunOptions& options) {
  Client client(cli.socket_path());
  const auto document = client.get(path_of(options.run) + "/proof");
  if (!document) return cli.failed(document.error(), client);
  cli.code = flag_at(*document, "proven") ? 0 : 3;
  if (cli.json()) return cli.print(*document);
  cli.io.out << proof_text(*document, Paint{cli.io.colour}) << std::flush;
}

void add_run(CLI::App& app, RunOptions& options) {
  app.add_option("run", options.run, "The run's id")->required()->type_name("RUN");
}

}  // namespace

void add_run_verbs(CLI::App& app, Cli& cli) {
  CLI::App* runs = group(app, "run", "List, show, watch and abort runs");
  {
    auto options = std::make_shared<ListOptions>();
    CLI::App* list_verb =
        verb(*runs, cli, "list", "List runs, newest first", "belay run list -e production --state rolled-back");
    list_verb->add_option("-a,--app", options->application, "Only of this application")->type_name("APP");
    list_verb->add_option("-e,--environment", options->environment, "Only in this environment")->type_name("ENV");
    list_verb->add_option("--state", options->state, "Only in this state: running, completed, rolled-back, failed, …")
        ->type_name("STATE");
    list_verb->add_option("--before", options->before, "Only runs older than this one")->type_name("RUN");
    list_verb->add_option("-n,--limit", options->limit, "At most so many")
        ->check(between(1, 500))
        ->type_name("N")
        ->capture_default_str();
    list_verb->callback([&cli, options] { list(cli, *options); });
  }
  {
    auto options = std::make_shared<RunOptions>();
    CLI::App* show_verb =
        verb(*runs, cli, "show", "Show a run with its hosts and steps", "belay run show 01JD3Z6W0Q4T5V8X9Y1A2B3C4D");
    add_run(*show_verb, *options);
    show_verb->callback([&cli, options] { show_run(cli, *options); });
  }
  {
    auto options = std::make_shared<RunOptions>();
    CLI::App* watch_verb = verb(*runs, cli, "watch", "Watch a run to its end and exit with its code",
                                "belay run watch 01JD3Z6W0Q4T5V8X9Y1A2B3C4D");
    add_run(*watch_verb, *options);
    watch_verb->add_option("--patience", options->patience, "Wait so many seconds for a daemon that is away")
        ->type_name("SECONDS")
        ->check(between(0, 86400))
        ->capture_default_str();
    watch_verb->callback([&cli, options] { watch(cli, *options); });
  }
  {
    auto options = std::make_shared<RunOptions>();
    CLI::App* abort_verb = verb(*runs, cli, "abort", "Stop a run from going forward and put its hosts back",
                                "belay run abort 01JD3Z6W0Q4T5V8X9Y1A2B3C4D --reason 'wrong version'");
    add_run(*abort_verb, *options);
    abort_verb->add_option("--reason", options->reason, "Why, for the record")->type_name("TEXT");
    abort_verb->callback([&cli, options] { abort(cli, *options); });
  }
  {
    auto options = std::make_shared<LogOptions>();
    CLI::App* logs_verb = verb(app, cli, "logs", "What the hosts printed",
                               "belay logs 01JD3Z6W0Q4T5V8X9Y1A2B3C4D -f --host web1 --step 3");
    logs_verb->add_option("run", options->run, "The run's id")->required()->type_name("RUN");
    logs_verb->add_flag("-f,--follow", options->follow, "Go on until the run has ended");
    logs_verb->add_option("--host", options->host, "Only of this host")->type_name("HOST");
    logs_verb->add_option("--step", options->step, "Only of this step")->check(CLI::PositiveNumber)->type_name("N");
    logs_verb->add_option("--patience", options->patience, "With -f: wait so many seconds for a daemon that is away")
        ->type_name("SECONDS")
        ->check(between(0, 86400))
        ->capture_default_str();
    logs_verb->callback([&cli, options] { logs(cli, *options); });
  }
  {
    auto options = std::make_shared<RunOptions>();
    CLI::App* proof_verb = verb(app, cli, "proof", "The proof of a run's rollback; exit 0 proven, 3 not",
                                "belay proof 01JD3Z6W0Q4T5V8X9Y1A2B3C4D");
    add_run(*proof_verb, *options);
    proof_verb->callback([&cli, options] { proof(cli, *options); });
  }
}

}  // namespace belay::cli
