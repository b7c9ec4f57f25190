// The journal and the record in memory, for stories by the hundred thousand; the real store tells some of them, too.
//
// Durable outlives daemons; a MemoryStore is one daemon's view of it. append() of a start that is no longer the newest
// returns false, as the real one's WHERE finds no row. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/port/journal.hpp"

namespace belay::simulated {

struct Durable {
  std::uint64_t starts = 0;
  std::vector<Recorded> events = {};
  std::map<std::string, RunRow> runs = {};
  std::vector<PackageRow> packages = {};
  std::vector<BaselineRow> baselines = {};
  std::vector<BlockRow> blocks = {};
};

class MemoryStore final : public Journal, public Record {
 public:
  explicit MemoryStore(Durable& durable) : durable_(durable), epoch_(++durable.starts) {}

  std::uint64_t epoch() const override { return epoch_; }
  Awaitable<std::uint64_t> append(std::vector<Event> events, std::vector<RecordWrite> rows) override;
  Awaitable<std::vector<Recorded>> events(std::string run, std::uint64_t after_seq) override;
  std::uint64_t subscribe(std::function<void(const Recorded&)>) override { return 0; }
  void unsubscribe(std::uint64_t) override {}

  Awaitable<std::optional<RunRow>> run(std::string id) override;
  Awaitable<std::vector<RunRow>> runs(RunFilter filter) override;
  Awaitable<std::optional<PackageRow>> package(std::string digest) override;
  Awaitable<std::vector<PackageRow>> packages() override { co_return durable_.packages; }
  Awaitable<std::vector<BaselineRow>> baselines(std::string application, std::string environment) override;
  Awaitable<std::vector<EvidenceRow>> evidence(std::string) override { co_return std::vector<EvidenceRow>(); }
  Awaitable<std::vector<BlockRow>> blocks(std::string package) override;
  Awaitable<std::vector<HostRow>> hosts() override { co_return std::vector<HostRow>(); }

  // False: another daemon has taken over.
  [[nodiscard]] bool is_owner() const { return epoch_ == durable_.starts; }

 private:
  void write(const RecordWrite& row);
  Durable& durable_;
  const std::uint64_t epoch_;
};

}  // namespace belay::simulated
