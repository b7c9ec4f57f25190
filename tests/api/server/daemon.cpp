#include "tests/api/server/daemon.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <stdexcept>

#include "daemon/api/documents.hpp"
#include "daemon/base/ulid.hpp"
#include "daemon/wire/run_document.hpp"

namespace belay::api::test {

namespace asio = boost::asio;

Folder::Folder() {
  std::string form = (std::filesystem::temp_directory_path() / "belay-api-XXXXXX").native();
  if (::mkdtemp(form.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = form;
}
Folder::~Folder() {
  std::error_code ec;
  std::filesystem::remove_all(path_, ec);
}

Result<std::string> HandControl::answer() const {
  if (refusal) return std::unexpected(*refusal);
  return document;
}

Awaitable<Result<std::string>> HandControl::start(engine::StartRequest request) {
  if (before_start) co_await before_start();
  if (refusal) co_return std::unexpected(*refusal);
  std::array<std::uint8_t, 10> random{};
  random[9] = static_cast<std::uint8_t>(++count_);
  RunRow row;
  row.id = make_ulid(1'800'000'000'000, random);
  row.kind = request.kind;
  row.application = "portal";
  row.version = "1.0";
  row.environment = request.environment;
  row.package = request.package;
  row.actor = request.actor;
  row.reason = request.reason;
  row.created_ms = 1'800'000'000'000;
  started.push_back(std::move(request));
  std::vector<Event> events{Event{.type = EventType::run_created, .run = row.id, .epoch = journal_.epoch()}};
  std::vector<RecordWrite> rows{row};
  co_await journal_.append(std::move(events), std::move(rows));
  co_return row.id;
}

Awaitable<Result<void>> HandControl::abort(std::string run, std::string actor, std::string) {
  if (refusal) co_return std::unexpected(*refusal);
  aborted.emplace_back(std::move(run), std::move(actor));
  co_return Result<void>{};
}

Awaitable<Result<std::string>> HandControl::view(std::string run) {
  if (refusal) co_return std::unexpected(*refusal);
  const auto row = co_await record_.run(run);
  if (!row) co_return fail(Kind::not_found, "there is no run " + run);
  Json view = Json::parse(view_rest);
  view["run"] = wire::run_document(*row);
  co_return text_of(view);
}

Awaitable<Result<std::string>> HandControl::plan(std::string, std::string) { co_return answer(); }
Awaitable<Result<std::string>> HandControl::proof(std::string) { co_return answer(); }
Awaitable<Result<std::string>> HandControl::check(std::string) { co_return answer(); }
Awaitable<Result<std::string>> HandControl::guard(std::string host, engine::GuardVerb verb, std::string) {
  guarded.emplace_back(std::move(host), verb);
  co_return answer();
}
Awaitable<Result<std::string>> HandControl::drift(std::string, std::string, std::string) { co_return answer(); }

Daemon::Daemon(ApiLimits limits, const std::filesystem::path& folder) : folder_(folder) {
  if (folder_.empty()) {
    own_folder_ = std::make_unique<Folder>();
    folder_ = own_folder_->path();
  }
  auto opened = store::Store::open(folder_ / "state", clock, loop_.get_executor());
  if (!opened) throw std::runtime_error(opened.error().text());
  store = std::move(*opened);
  auto made = store::FileBlobs::open(folder_ / "state" / "blobs");
  if (!made) throw std::runtime_error(made.error().text());
  blobs = std::move(*made);
  control = std::make_unique<HandControl>(*store, *store);
  Environment test;
  test.name = "test";
  test.tier = Tier::test;
  environments.push_back(test);
  context.reset(new ApiContext{*control, *store, *store, *blobs, clock, environments, workers_.get_executor(),
                               [this](Digest archive, std::string signature) -> Awaitable<Result<std::string>> {
                                 received.emplace_back(archive.hex(), signature);
                                 if (reject_package) co_return std::unexpected(*reject_package);
                                 PackageRow row{
                                     archive.hex(), "portal", "1.0", signature.empty() ? "" : "rel@example", "", 1, 1};
                                 std::vector<RecordWrite> rows{row};
                                 co_await store->append({}, std::move(rows));
                                 Json document = api::document(row);
                                 document["findings"] = Json::array();
                                 co_return text_of(document);
                               },
                               [this] { return ready; }, [this](const Access& access) { log.push_back(access); },
                               "0.0-test", (folder_ / "state").native(), limits});
  auto bound = Server::open(loop_, {socket(), std::nullopt}, *context);
  if (!bound) throw std::runtime_error(bound.error().text());
  server = std::move(*bound);
  server->start();
  thread_ = std::thread([this] {
    auto work = asio::make_work_guard(loop_);
    loop_.run();
  });
}

void Daemon::stop() {
  if (!thread_.joinable()) return;
  (void)on_loop<int>([this]() -> Awaitable<int> {
    co_await server->stop();
    co_return 0;
  });
  workers_.join();
  loop_.stop();
  thread_.join();
}

Daemon::~Daemon() {
  stop();
  server.reset();
  store.reset();
}

void Daemon::append(std::vector<Event> events, std::vector<RecordWrite> rows) {
  for (Event& event : events) event.epoch = store->epoch();
  (void)on_loop<std::uint64_t>([&]() -> Awaitable<std::uint64_t> { return store->append(events, rows); });
}

void Daemon::begin_run(const std::string& id, const std::string& application) {
  RunRow row;
  row.id = id;
  row.application = application;
  row.version = "1.0";
  row.environment = "test";
  row.created_ms = clock.now;
  append({Event{.type = EventType::run_created, .run = id}}, {row});
}

void Daemon::end_run(const std::string& id, int rc) {
  RunRow row;
  row.id = id;
  row.application = "portal";
  row.version = "1.0";
  row.environment = "test";
  row.created_ms = clock.now;
  row.ended_ms = clock.now + 42'000;
  row.state = rc == 0 ? "completed" : "rolled-back";
  row.exit_code = rc;
  row.outcome = "it has ended";
  append({Event{.type = EventType::run_ended, .run = id, .rc = rc}}, {row});
}

std::size_t Daemon::connections() {
  return on_loop<std::size_t>([this]() -> Awaitable<std::size_t> { co_return server->connections(); });
}

bool Daemon::until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < end) {
    const bool holds = on_loop<bool>([&]() -> Awaitable<bool> { co_return condition(); });
    if (holds) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace belay::api::test
