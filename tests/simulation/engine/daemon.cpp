#include "tests/simulation/engine/daemon.hpp"

#include <boost/asio/co_spawn.hpp>

#include "tests/simulation/engine/scenery.hpp"

namespace belay::simulated {

Daemon::Daemon(Setting& setting, Network& network, Ledger& ledger, State& state, const Environment& environment)
    : setting_(setting), ledger_(ledger), handle_(std::make_shared<Handle>(this)), environments_{environment} {
  if (state.directory.empty()) {
    memory_.emplace(state.memory);
    watch_.emplace(*this, *memory_, *memory_, setting, ledger);
  } else {
    auto opened = store::Store::open(state.directory, *this, loop_.get_executor());
    if (!opened) throw Violation("store: " + opened.error().text());
    store_ = std::move(*opened);
    watch_.emplace(*this, *store_, *store_, setting, ledger);
  }
  engine_.emplace(engine::World{
      .executor = loop_.get_executor(),
      .journal = *watch_,
      .record = *watch_,
      .blobs = blobs(),
      .vault = vault(),
      .clock = *this,
      .catalogue = catalogue(),
      .environments = environments_,
      .transport = [this, &network](const Environment&) -> std::unique_ptr<port::Transport> {
        return std::make_unique<SimTransport>(setting_, network, *this);
      },
      .hosts = []() -> Awaitable<std::vector<belay::Host>> { co_return inventory(); },
      .contents = [](const std::string&) -> Awaitable<Result<PackageContents>> { co_return package(); },
      .signer = [](const std::string&, const Environment&) -> Awaitable<Result<std::string>> { co_return "somebody"; },
      .http_check = [](const ParamFiles&) -> Awaitable<Result<void>> { co_return Result<void>{}; }});
}

Daemon::~Daemon() {
  dead_ = true;
  handle_->daemon = nullptr;
  store_.reset();
  parked_.clear();
  loop_.shutdown();
  engine_.reset();
}

void Daemon::begin(std::optional<engine::StartRequest> request) {
  boost::asio::co_spawn(loop_, live(std::move(request)), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
}

Awaitable<void> Daemon::live(std::optional<engine::StartRequest> request) {
  (void)co_await engine_->recover();
  if (request) {
    if (request->kind != RunKind::rollback) {
      std::vector<RecordWrite> rows;
      rows.emplace_back(PackageRow{.digest = request->package, .application = "permits", .version = "1.2"});
      co_await watch_->prepare(std::move(rows));
    }
    const auto started = co_await engine_->start(std::move(*request));
    if (!started) refused_ = started.error().text();
  }
  ready_ = true;
}

bool Daemon::poll() {
  bool ran = false;
  while (!dead_ && !paused_) {
    if (loop_.stopped()) loop_.restart();
    // Only the real store's thread is waited for; all other time is virtual.
    if (loop_.poll_one() == 0 && (watch_->pending() == 0 || loop_.run_one() == 0)) break;
    ran = true;
  }
  return ran;
}

void Daemon::bury() {
  while (watch_->pending() > 0) {
    if (loop_.stopped()) loop_.restart();
    loop_.run_one();
  }
}

void Daemon::die(const std::string& why) {
  if (dead_) return;
  setting_.note("-- the daemon dies: " + why);
  dead_ = true;
}

void Daemon::pause() {
  if (dead_) return;
  setting_.note("-- the daemon stands still");
  paused_ = true;
}

void Daemon::ask_to_abort() {
  setting_.time.after(1, [on = handle_] {
    Daemon* const self = on->daemon;
    if (self == nullptr || self->dead_ || self->ledger_.run().empty()) return;
    boost::asio::co_spawn(
        self->loop_,
        [self]() -> Awaitable<void> {
          // A run that does not go forward any more says no; both are fine here.
          (void)co_await self->engine_->abort(self->ledger_.run(), "somebody", "enough");
        },
        [](const std::exception_ptr& error) {
          if (error) std::rethrow_exception(error);
        });
  });
}

Awaitable<void> Daemon::wait(std::chrono::milliseconds time) const {
  (void)co_await wait_for<bool>(
      [this, time](auto done) { setting_.time.after(time.count(), [done = std::move(done)] { done(true); }); });
}

Awaitable<void> Daemon::never() const {
  (void)co_await wait_for<bool>([](auto) {});
}

bool Daemon::is_install(const std::string& command) const { return command == catalogue().install_command(); }

}  // namespace belay::simulated
