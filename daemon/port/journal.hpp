// The journal and the record: the one place where Belay remembers.
//
// `append` returns only after the events and the rows stand on the disk, synced, in one transaction; a failing commit
// or sync aborts the process (a second try could lie; rule C18 of docs/step-protocol.md) and the journal recovers at
// the next start. Reading never sees half a transaction. All calls come from the loop thread; the work is done on the
// store's own thread, appends of many callers share one transaction (group commit) and keep their order.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/event.hpp"
#include "daemon/model/record.hpp"

namespace belay {

template <class T>
using Awaitable = boost::asio::awaitable<T>;

class Journal {
 public:
  virtual ~Journal() = default;

  // The start counter of this state directory: strictly greater than that of every earlier start. The fencing epoch
  // (R2).
  [[nodiscard]] virtual std::uint64_t epoch() const = 0;

  // Makes all of it durable, or none. Returns the sequence number of the last event (0 when only rows were written).
  [[nodiscard]] virtual Awaitable<std::uint64_t> append(std::vector<Event> events,
                                                        std::vector<RecordWrite> rows = {}) = 0;

  // Events of one run in order, those after `after_seq`.
  [[nodiscard]] virtual Awaitable<std::vector<Recorded>> events(std::string run, std::uint64_t after_seq = 0) = 0;

  // Called on the loop thread for each event after it became durable, in order. Returns a handle for `unsubscribe`.
  virtual std::uint64_t subscribe(std::function<void(const Recorded&)> listener) = 0;
  virtual void unsubscribe(std::uint64_t handle) = 0;
};

// What a list of runs is narrowed by; empty fields do not narrow. Newest first.
struct RunFilter {
  std::string application = {};
  std::string environment = {};
  std::string state = {};
  std::string before = {};  // ULID: only older ones (cursor paging)
  int limit = 50;
};

class Record {
 public:
  virtual ~Record() = default;

  [[nodiscard]] virtual Awaitable<std::optional<RunRow>> run(std::string id) = 0;
  [[nodiscard]] virtual Awaitable<std::vector<RunRow>> runs(RunFilter filter) = 0;
  [[nodiscard]] virtual Awaitable<std::optional<PackageRow>> package(std::string digest) = 0;
  [[nodiscard]] virtual Awaitable<std::vector<PackageRow>> packages() = 0;
  // Newest first; the first one with `current` set is the baseline.
  [[nodiscard]] virtual Awaitable<std::vector<BaselineRow>> baselines(std::string application,
                                                                      std::string environment) = 0;
  [[nodiscard]] virtual Awaitable<std::vector<EvidenceRow>> evidence(std::string package) = 0;
  // Blocks that still hold; an empty digest lists all of them.
  [[nodiscard]] virtual Awaitable<std::vector<BlockRow>> blocks(std::string package = {}) = 0;
  [[nodiscard]] virtual Awaitable<std::vector<HostRow>> hosts() = 0;
};

}  // namespace belay
