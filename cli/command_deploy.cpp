// deploy, rehearse, plan, rollback: what brings a package to hosts, or takes it back.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/command.hpp"
#include "cli/follow.hpp"
#include "cli/plan_text.hpp"
#include "cli/text.hpp"
#include "daemon/base/digest.hpp"
#include "daemon/base/ulid.hpp"

namespace belay::cli {
namespace {

struct Options {
  std::string file;  // a package, a run or an application
  std::string environment;
  std::string reason;
  bool detach = false;
  int patience = 600;
};

void add_environment(CLI::App& app, Options& options, bool required) {
  app.add_option("-e,--environment", options.environment, "The environment")->type_name("ENV")->required(required);
}

void add_waiting(CLI::App& app, Options& options) {
  app.add_option("--reason", options.reason, "Why, for the record")->type_name("TEXT");
  app.add_flag("--detach,--no-wait", options.detach, "Print the run's id and do not wait for its end");
  app.add_option("--patience", options.patience, "Wait so many seconds for a daemon that is away")
      ->type_name("SECONDS")
      ->check(between(0, 86400))
      ->capture_default_str();
}

Result<std::string> signature_beside(const std::string& file) {
  std::ifstream in(file + ".sig", std::ios::binary);
  if (!in) return std::string();
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (text.size() > 4096) return fail(Kind::invalid, fmt::format("'{}.sig' is too large for a signature", file));
  return text;
}

// The package's digest, once the daemon holds it: it is sent only when the daemon has not got it, signed, already.
Result<std::string> hand_over(Cli& cli, Client& client, const std::string& file) {
  std::error_code ec;
  if (!std::filesystem::exists(file, ec) && Digest::parse(file)) return file;  // a digest instead of a file
  BELAY_TRY(const Digest digest, sha256_file(file));
  BELAY_TRY(const std::string signature, signature_beside(file));
  const std::string name = digest.hex();
  const auto held = client.get("/v1/packages/" + name);
  if (held && (signature.empty() || !text_at(*held, "signer").empty())) return name;
  if (!held && held.error().kind != Kind::not_found) return std::unexpected(held.error());
  if (signature.empty()) cli.say(fmt::format("there is no {}.sig; the package goes unsigned", file));

  const auto size = std::filesystem::file_size(file, ec);
  const bool show_progress = cli.io.terminal && !cli.json() && size > (8u << 20);
  const auto progress = [&](std::uint64_t sent) {
    cli.io.err << fmt::format("\rsending {} of {}\x1b[K", bytes_of(sent), bytes_of(size)) << std::flush;
  };
  const auto received = client.upload("/v1/packages", file, signature,
                                      show_progress ? std::function<void(std::uint64_t)>(progress) : nullptr);
  if (show_progress) cli.io.err << "\r\x1b[K" << std::flush;
  if (!received) return std::unexpected(received.error());
  cli.io.err << findings_text(list_at(*received, "findings"));
  return text_at(*received, "digest").empty() ? name : text_at(*received, "digest");
}

void start(Cli& cli, Client& client, const Json& body, const Options& options) {
  const auto started = client.post("/v1/runs", body);
  if (!started) return cli.failed(started.error(), client);
  const std::string id = text_at(*started, "id");
  if (options.detach) {
    if (cli.json()) return cli.print(*started);
    cli.io.out << id << '\n' << std::flush;
    return;
  }
  Follower follower(client, cli.io, {cli.json(), std::chrono::seconds(options.patience)});
  cli.code = follower.follow(id);
}

void start_package(Cli& cli, const std::string& kind, const Options& options) {
  Client client(cli.socket_path());
  const auto digest = hand_over(cli, client, options.file);
  if (!digest) return cli.failed(digest.error(), client);
  start(cli, client,
        {{"kind", kind}, {"environment", options.environment}, {"package", *digest}, {"reason", options.reason}},
        options);
}

void plan(Cli& cli, const Options& options) {
  Client client(cli.socket_path());
  const auto digest = hand_over(cli, client, options.file);
  if (!digest) return cli.failed(digest.error(), client);
  const auto made = client.post("/v1/plans", {{"package", *digest}, {"environment", options.environment}});
  if (!made) return cli.failed(made.error(), client);
  if (cli.json()) return cli.print(*made);
  cli.io.out << plan_text(*made, Paint{cli.io.colour}) << std::flush;
}

void roll_back(Cli& cli, const Options& options) {
  Client client(cli.socket_path());
  Json body{{"kind", "rollback"}, {"reason", options.reason}};
  if (is_ulid(options.file)) {
    body["of"] = options.file;
    if (!options.environment.empty()) body["environment"] = options.environment;
  } else if (options.environment.empty()) {
    cli.say(fmt::format("'{}' is no run's id, so it is an application: say where with -e ENV.", options.file));
    cli.code = exit_usage;
    return;
  } else {
    body["application"] = options.file;
    body["environment"] = options.environment;
  }
  start(cli, client, body, options);
}

}  // namespace

void add_deploy_verbs(CLI::App& app, Cli& cli) {
  {
    auto options = std::make_shared<Options>();
    CLI::App* plan_verb = verb(app, cli, "plan", "Say what each step would do on each host; change nothing",
                               "belay plan permits-portal-1.1.belay -e production");
    plan_verb->add_option("file", options->file, "The package (FILE.sig beside it), or a digest the daemon holds")
        ->required()
        ->type_name("FILE");
    add_environment(*plan_verb, *options, true);
    plan_verb->callback([&cli, options] { plan(cli, *options); });
  }
  {
    auto options = std::make_shared<Options>();
    CLI::App* deploy = verb(app, cli, "deploy", "Bring a package to an environment; put every host back if it fails",
                            "belay deploy permits-portal-1.1.belay -e production --reason 'release 1.1'");
    deploy->add_option("file", options->file, "The package (FILE.sig beside it), or a digest the daemon holds")
        ->required()
        ->type_name("FILE");
    add_environment(*deploy, *options, true);
    add_waiting(*deploy, *options);
    deploy->callback([&cli, options] { start_package(cli, "deploy", *options); });
  }
  {
    auto options = std::make_shared<Options>();
    CLI::App* rehearse =
        verb(app, cli, "rehearse", "Deploy, roll back, prove, deploy: what production asks for beforehand",
             "belay rehearse permits-portal-1.1.belay -e test");
    rehearse->add_option("file", options->file, "The package (FILE.sig beside it), or a digest the daemon holds")
        ->required()
        ->type_name("FILE");
    add_environment(*rehearse, *options, true);
    add_waiting(*rehearse, *options);
    rehearse->callback([&cli, options] { start_package(cli, "rehearse", *options); });
  }
  {
    auto options = std::make_shared<Options>();
    CLI::App* rollback =
        verb(app, cli, "rollback", "Put a finished deployment back, now, and prove it; no approval is asked",
             "belay rollback permits-portal -e production --reason 'login is broken'");
    rollback
        ->add_option("what", options->file, "A run's id, or an application (with -e): its newest finished deployment")
        ->required()
        ->type_name("RUN|APP");
    add_environment(*rollback, *options, false);
    add_waiting(*rollback, *options);
    rollback->callback([&cli, options] { roll_back(cli, *options); });
  }
}

}  // namespace belay::cli
