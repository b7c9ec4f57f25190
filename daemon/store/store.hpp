// The store: Journal and Record (daemon/port/journal.hpp) on SQLite in one state directory.
//
// Layout: belayd.lock, belay.db (+ -wal), journal.head; docs/configuration.md tells operators about them. Blobs are
// file_blobs.hpp's. The Store is made, used and destroyed on the loop thread; it must not outlive the loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <map>
#include <memory>

#include "daemon/base/error.hpp"
#include "daemon/port/clock.hpp"
#include "daemon/port/journal.hpp"
#include "daemon/store/state_lock.hpp"

namespace belay::store {

class Writer;
class Listeners;

class Store final : public Journal, public Record {
 public:
  // Takes the state directory (made when missing), checks all that is in it, counts the start counter up and syncs
  // that. Kind::conflict when another belayd has it or a newer one wrote it, Kind::integrity when something in it is
  // not what belayd wrote (the sentence names the first bad event or row), Kind::refused on a network file system,
  // Kind::io else. `clock` stamps the events; it must outlive the store.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::filesystem::path& state, const Clock& clock,
                                                           boost::asio::any_io_executor loop);
  // Writes what was appended, then closes. Coroutines that wait for it are still resumed; listeners are not called any
  // more.
  ~Store() override;

  [[nodiscard]] std::uint64_t epoch() const override;
  [[nodiscard]] Awaitable<std::uint64_t> append(std::vector<Event> events, std::vector<RecordWrite> rows) override;
  [[nodiscard]] Awaitable<std::vector<Recorded>> events(std::string run, std::uint64_t after_seq) override;
  std::uint64_t subscribe(std::function<void(const Recorded&)> listener) override;
  void unsubscribe(std::uint64_t handle) override;

  [[nodiscard]] Awaitable<std::optional<RunRow>> run(std::string id) override;
  [[nodiscard]] Awaitable<std::vector<RunRow>> runs(RunFilter filter) override;
  [[nodiscard]] Awaitable<std::optional<PackageRow>> package(std::string digest) override;
  [[nodiscard]] Awaitable<std::vector<PackageRow>> packages() override;
  [[nodiscard]] Awaitable<std::vector<BaselineRow>> baselines(std::string application,
                                                              std::string environment) override;
  [[nodiscard]] Awaitable<std::vector<EvidenceRow>> evidence(std::string package) override;
  [[nodiscard]] Awaitable<std::vector<BlockRow>> blocks(std::string package) override;
  [[nodiscard]] Awaitable<std::vector<HostRow>> hosts() override;

 private:
  Store(StateLock lock, std::unique_ptr<Writer> writer, const Clock& clock);
  template <class T, class Work>
  Awaitable<T> ask(Work work);

  StateLock lock_;  // released last
  const Clock& clock_;
  std::shared_ptr<Listeners> listeners_;  // shared with answers that are on their way to the loop
  std::unique_ptr<Writer> writer_;
};

}  // namespace belay::store
