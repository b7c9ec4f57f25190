// Watch: what stands between the real engine and its store. Every append is a point at which the daemon may die, before
// it is durable or after; what is durable is told to the ledger. Two of the known mistakes live here.
//
// It also counts what the store works on, so that time does not go on meanwhile. Loop of the daemon.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/port/journal.hpp"
#include "tests/simulation/engine/ledger.hpp"

namespace belay::simulated {

class Daemon;

class Watch final : public Journal, public Record {
 public:
  Watch(Daemon& daemon, Journal& journal, Record& record, Setting& setting, Ledger& ledger)
      : daemon_(daemon), journal_(journal), record_(record), setting_(setting), ledger_(ledger) {}

  [[nodiscard]] int pending() const { return pending_; }
  // What happened before the story: rows without a crash point.
  Awaitable<std::uint64_t> prepare(std::vector<RecordWrite> rows) {
    return counted(journal_.append({}, std::move(rows)));
  }

  std::uint64_t epoch() const override { return journal_.epoch(); }
  Awaitable<std::uint64_t> append(std::vector<Event> events, std::vector<RecordWrite> rows) override;
  Awaitable<std::vector<Recorded>> events(std::string run, std::uint64_t after_seq) override;
  std::uint64_t subscribe(std::function<void(const Recorded&)> listener) override {
    return journal_.subscribe(std::move(listener));
  }
  void unsubscribe(std::uint64_t handle) override { journal_.unsubscribe(handle); }

  Awaitable<std::optional<RunRow>> run(std::string id) override { return counted(record_.run(std::move(id))); }
  Awaitable<std::vector<RunRow>> runs(RunFilter filter) override { return counted(record_.runs(std::move(filter))); }
  Awaitable<std::optional<PackageRow>> package(std::string digest) override {
    return counted(record_.package(std::move(digest)));
  }
  Awaitable<std::vector<PackageRow>> packages() override { return counted(record_.packages()); }
  Awaitable<std::vector<BaselineRow>> baselines(std::string application, std::string environment) override {
    return counted(record_.baselines(std::move(application), std::move(environment)));
  }
  Awaitable<std::vector<EvidenceRow>> evidence(std::string package) override {
    return counted(record_.evidence(std::move(package)));
  }
  Awaitable<std::vector<BlockRow>> blocks(std::string package) override {
    return counted(record_.blocks(std::move(package)));
  }
  Awaitable<std::vector<HostRow>> hosts() override { return counted(record_.hosts()); }

 private:
  template <class T>
  Awaitable<T> counted(Awaitable<T> work) {
    ++pending_;
    T out = co_await std::move(work);
    --pending_;
    co_return out;
  }

  Daemon& daemon_;
  Journal& journal_;
  Record& record_;
  Setting& setting_;
  Ledger& ledger_;
  int pending_ = 0;
  std::vector<Event> held_back_;  // the mistake LATEINT: waits for the next append
};

}  // namespace belay::simulated
