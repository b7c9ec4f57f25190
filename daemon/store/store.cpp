#include "daemon/store/store.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "daemon/base/check.hpp"
#include "daemon/store/database.hpp"
#include "daemon/store/listeners.hpp"
#include "daemon/store/rows.hpp"
#include "daemon/store/writer.hpp"

namespace belay::store {
namespace {

// Turns a completion handler into a function that may wait on the database thread and is called on the loop. The guard
// keeps the loop running meanwhile.
template <class T, class Handler>
std::move_only_function<void(T)> resume(Handler handler) {
  auto executor = boost::asio::get_associated_executor(handler);
  return [handler = std::move(handler), guard = boost::asio::make_work_guard(executor)](T value) mutable {
    auto on = guard.get_executor();
    boost::asio::dispatch(on, [handler = std::move(handler), value = std::move(value)]() mutable {
      std::move(handler)(std::move(value));
    });
  };
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& state, const Clock& clock,
                                           boost::asio::any_io_executor loop) {
  BELAY_TRY(StateLock lock, StateLock::take(state));
  BELAY_TRY(auto database, Database::open(state));
  auto writer = std::make_unique<Writer>(std::move(database), std::move(loop));
  return std::unique_ptr<Store>(new Store(std::move(lock), std::move(writer), clock));
}

Store::Store(StateLock lock, std::unique_ptr<Writer> writer, const Clock& clock)
    : lock_(std::move(lock)), clock_(clock), listeners_(std::make_shared<Listeners>()), writer_(std::move(writer)) {}

Store::~Store() { listeners_->clear(); }

std::uint64_t Store::epoch() const { return writer_->epoch(); }

Awaitable<std::uint64_t> Store::append(std::vector<Event> events, std::vector<RecordWrite> rows) {
  // R2: only the owner of the current epoch writes.
  for (const Event& event : events) BELAY_CHECK(event.epoch == epoch());
  if (events.empty() && rows.empty()) co_return 0;
  auto start = [this](auto handler, std::vector<Event> all, std::vector<RecordWrite> written) {
    auto done = [listeners = listeners_,
                 answer = resume<std::uint64_t>(std::move(handler))](std::vector<Recorded> recorded) mutable {
      for (const Recorded& one : recorded) listeners->tell(one);
      answer(recorded.empty() ? 0 : recorded.back().seq);
    };
    writer_->append({std::move(all), std::move(written), clock_.now_ms(), std::move(done)});
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(std::uint64_t)>(
      std::move(start), boost::asio::use_awaitable, std::move(events), std::move(rows));
}

// `work` runs on the database thread with the session and returns a T.
template <class T, class Work>
Awaitable<T> Store::ask(Work work) {
  auto start = [this](auto handler, Work job) {
    writer_->read(
        [job = std::move(job), answer = resume<T>(std::move(handler))](soci::session& session) mutable -> Answer {
          return [answer = std::move(answer), value = job(session)]() mutable { answer(std::move(value)); };
        });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      std::move(start), boost::asio::use_awaitable, std::move(work));
}

std::uint64_t Store::subscribe(std::function<void(const Recorded&)> listener) {
  return listeners_->add(std::move(listener));
}

void Store::unsubscribe(std::uint64_t handle) { listeners_->remove(handle); }

Awaitable<std::vector<Recorded>> Store::events(std::string run, std::uint64_t after_seq) {
  return ask<std::vector<Recorded>>(
      [run = std::move(run), after_seq](soci::session& session) { return read_events(session, run, after_seq); });
}

Awaitable<std::optional<RunRow>> Store::run(std::string id) {
  return ask<std::optional<RunRow>>([id = std::move(id)](soci::session& session) { return read_run(session, id); });
}

Awaitable<std::vector<RunRow>> Store::runs(RunFilter filter) {
  return ask<std::vector<RunRow>>(
      [filter = std::move(filter)](soci::session& session) { return read_runs(session, filter); });
}

Awaitable<std::optional<PackageRow>> Store::package(std::string digest) {
  return ask<std::optional<PackageRow>>(
      [digest = std::move(digest)](soci::session& session) { return read_package(session, digest); });
}

Awaitable<std::vector<PackageRow>> Store::packages() {
  return ask<std::vector<PackageRow>>([](soci::session& session) { return read_packages(session); });
}

Awaitable<std::vector<BaselineRow>> Store::baselines(std::string application, std::string environment) {
  return ask<std::vector<BaselineRow>>(
      [application = std::move(application), environment = std::move(environment)](soci::session& session) {
        return read_baselines(session, application, environment);
      });
}

Awaitable<std::vector<EvidenceRow>> Store::evidence(std::string package) {
  return ask<std::vector<EvidenceRow>>(
      [package = std::move(package)](soci::session& session) { return read_evidence(session, package); });
}

Awaitable<std::vector<BlockRow>> Store::blocks(std::string package) {
  return ask<std::vector<BlockRow>>(
      [package = std::move(package)](soci::session& session) { return read_blocks(session, package); });
}

Awaitable<std::vector<HostRow>> Store::hosts() {
  return ask<std::vector<HostRow>>([](soci::session& session) { return read_hosts(session); });
}

}  // namespace belay::store
