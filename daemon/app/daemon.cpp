#include "daemon/app/daemon.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "daemon/api/host_json.hpp"
#include "daemon/api/on_workers.hpp"
#include "daemon/api/server.hpp"
#include "daemon/app/environments.hpp"
#include "daemon/app/http_check.hpp"
#include "daemon/app/packages.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/store/file_blobs.hpp"
#include "daemon/store/store.hpp"
#include "daemon/vault/vault.hpp"
#include "daemon/worker/worker_transport.hpp"

namespace belay::app {
namespace {

namespace asio = boost::asio;

class SystemClock final : public Clock {
 public:
  std::int64_t now_ms() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  Awaitable<void> wait(std::chrono::milliseconds time) const override {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
  }
};

void log_worker(std::string_view level, std::string_view worker, std::string_view text) {
  const auto to = level == "error"     ? spdlog::level::err
                  : level == "warning" ? spdlog::level::warn
                  : level == "info"    ? spdlog::level::info
                                       : spdlog::level::debug;
  spdlog::log(to, "worker {}: {}", worker, text);
}

void log_access(const api::Access& access) {
  // Reading is quiet; what changes something, or fails, is told.
  const bool loud = access.status >= 400 || access.method != "GET";
  spdlog::log(loud ? spdlog::level::info : spdlog::level::debug, "{} {} {} by {} in {} ms{}{}", access.status,
              access.method, access.path, access.actor, access.milliseconds, access.problem.empty() ? "" : ": ",
              access.problem);
}

Result<std::optional<gid_t>> socket_group(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const group* found = ::getgrnam(name.c_str());
  if (found == nullptr)
    return fail(Kind::invalid, fmt::format("there is no group \"{}\"", show(name)),
                "Correct `socket_group` in belayd.yaml");
  return found->gr_gid;
}

// Everything that lives as long as the daemon does.
struct Daemon {
  asio::io_context loop{1};
  asio::thread_pool pool{2};
  SystemClock clock;
  std::vector<Environment> environments;
  std::optional<plugin::Catalogue> catalogue;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::FileBlobs> blobs;
  std::unique_ptr<vault::SealedVault> vault;
  std::unique_ptr<Packages> packages;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<api::ApiContext> context;
  std::unique_ptr<api::Server> server;
  bool ready = false;

  Result<void> open(const Config& config);
  Awaitable<std::vector<Host>> hosts();
  Awaitable<void> live();
  Awaitable<void> watchdog();
  engine::World world(const Config& config);
};

engine::World Daemon::world(const Config& config) {
  return engine::World{
      .executor = loop.get_executor(),
      .journal = *store,
      .record = *store,
      .blobs = *blobs,
      .vault = *vault,
      .clock = clock,
      .catalogue = *catalogue,
      .environments = environments,
      .transport = [this, config](const Environment& environment) -> std::unique_ptr<port::Transport> {
        WorkerOptions options;
        options.programs = config.workers;
        options.scratch = config.state / "scratch";
        if (environment.isolation_host) options.connections_per_worker = 1;
        options.log = log_worker;
        return std::make_unique<WorkerTransport>(loop.get_executor(), std::move(options));
      },
      .hosts = [this] { return hosts(); },
      .contents = [this](const std::string& digest) { return packages->contents(digest); },
      .signer = [this](const std::string& digest,
                       const Environment& environment) { return packages->signer(digest, environment); },
      .http_check = [this](const ParamFiles& params) -> Awaitable<Result<void>> {
        co_return co_await api::on_workers(pool.get_executor(), [params] { return http_check(params); });
      }};
}

Awaitable<std::vector<Host>> Daemon::hosts() {
  std::vector<Host> out;
  for (const HostRow& row : co_await store->hosts()) {
    auto host = api::host_from(row.name, nlohmann::json::parse(row.detail, nullptr, false), environments);
    if (host)
      out.push_back(std::move(*host));
    else
      spdlog::warn("the record's host {} cannot be used: {}", row.name, host.error().text());
  }
  co_return out;
}

Result<void> Daemon::open(const Config& config) {
  BELAY_TRY(environments, read_environments(config.environments));
  BELAY_TRY(catalogue, plugin::Catalogue::read(config.plugins));
  BELAY_TRY(store, store::Store::open(config.state, clock, loop.get_executor()));
  BELAY_TRY(blobs, store::FileBlobs::open(config.state / "blobs"));
  std::error_code error;
  std::filesystem::create_directories(config.state / "scratch", error);
  std::filesystem::create_directories(config.state / "keys", error);
  BELAY_TRY(const vault::Key key, vault::read_or_make_key(config.snapshot_key));
  vault = std::make_unique<vault::SealedVault>(*blobs, key);
  packages = std::make_unique<Packages>(config.state, config.limits.package_bytes, *store, *store, *blobs, clock,
                                        *catalogue, environments, pool.get_executor());
  engine = std::make_unique<engine::Engine>(world(config));
  api::ApiLimits limits;
  limits.package_bytes = config.limits.package_bytes;
  limits.json_bytes = config.limits.request_bytes;
  limits.connections = static_cast<std::size_t>(config.limits.connections);
  limits.connections_per_user = static_cast<std::size_t>(config.limits.connections_per_user);
  limits.header_deadline = std::chrono::seconds(config.limits.header_seconds);
  limits.body_deadline = std::chrono::seconds(config.limits.upload_seconds);
  limits.write_deadline = std::chrono::seconds(config.limits.answer_seconds);
  limits.idle_deadline = std::chrono::seconds(config.limits.idle_seconds);
  context.reset(new api::ApiContext{
      .control = *engine,
      .journal = *store,
      .record = *store,
      .blobs = *blobs,
      .clock = clock,
      .environments = environments,
      .workers = pool.get_executor(),
      .receive = [this](Digest archive,
                        std::string signature) { return packages->receive(archive, std::move(signature)); },
      .ready = [this] { return ready; },
      .log = log_access,
      .version = BELAY_VERSION,
      .state_dir = config.state.string(),
      .limits = limits});
  BELAY_TRY(const std::optional<gid_t> group, socket_group(config.socket_group));
  BELAY_TRY(server, api::Server::open(loop, {config.socket, group}, *context));
  return {};
}

// systemd restarts a daemon whose loop does not turn any more (threats A-9).
Awaitable<void> Daemon::watchdog() {
  std::uint64_t every_us = 0;
  if (::sd_watchdog_enabled(0, &every_us) <= 0) co_return;
  while (true) {
    ::sd_notify(0, "WATCHDOG=1");
    asio::steady_timer timer(loop, std::chrono::microseconds(every_us / 3));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

Awaitable<void> Daemon::live() {
  server->start();
  const std::size_t taken_up = co_await engine->recover();
  ready = true;
  ::sd_notify(0, "READY=1");
  spdlog::info("belayd {} is ready: epoch {}, {} runs taken up", BELAY_VERSION, store->epoch(), taken_up);
  asio::signal_set signals(loop, SIGTERM, SIGINT);
  const int signal = co_await signals.async_wait(asio::use_awaitable);
  ready = false;
  ::sd_notify(0, "STOPPING=1");
  spdlog::info("stopping on {}: nothing new begins, {} runs are under way", signal == SIGTERM ? "SIGTERM" : "SIGINT",
               engine->running());
  co_await engine->stop(std::chrono::seconds(20));
  co_await server->stop();
  loop.stop();
}

}  // namespace

int run_daemon(const Config& config) {
  ::signal(SIGPIPE, SIG_IGN);
  // Every client, worker and open blob is a descriptor; the usual soft limit of 1024 is for programs that use select().
  if (rlimit files{}; ::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  Daemon daemon;
  if (auto opened = daemon.open(config); !opened) {
    spdlog::critical("{}", opened.error().text());
    return 1;
  }
  const auto rethrow = [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  };
  asio::co_spawn(daemon.loop, daemon.watchdog(), rethrow);
  asio::co_spawn(daemon.loop, daemon.live(), rethrow);
  daemon.loop.run();
  spdlog::info("stopped");
  spdlog::shutdown();
  // What is still under way on hosts is the next start's; nothing of it may run while objects below it are taken apart.
  daemon.server.reset();
  daemon.store.reset();
  std::_Exit(0);
}

}  // namespace belay::app
