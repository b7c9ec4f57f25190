#include "tests/simulation/engine/memory_store.hpp"

#include <algorithm>

#include "daemon/base/check.hpp"

namespace belay::simulated {

void MemoryStore::write(const RecordWrite& row) {
  if (const auto* run = std::get_if<RunRow>(&row)) durable_.runs[run->id] = *run;
  if (const auto* package = std::get_if<PackageRow>(&row)) durable_.packages.push_back(*package);
  if (const auto* block = std::get_if<BlockRow>(&row)) durable_.blocks.push_back(*block);
  const auto* baseline = std::get_if<BaselineRow>(&row);
  if (baseline == nullptr) return;
  std::erase_if(durable_.baselines, [&](const BaselineRow& one) { return one.run == baseline->run; });
  if (baseline->current)
    for (BaselineRow& one : durable_.baselines) one.current = false;
  durable_.baselines.insert(durable_.baselines.begin(), *baseline);  // newest first
}

Awaitable<std::uint64_t> MemoryStore::append(std::vector<Event> events, std::vector<RecordWrite> rows) {
  BELAY_CHECK(is_owner());
  for (Event& event : events)
    durable_.events.push_back({.seq = durable_.events.size() + 1, .at_ms = 0, .event = std::move(event)});
  for (const RecordWrite& row : rows) write(row);
  co_return durable_.events.size();
}

Awaitable<std::vector<Recorded>> MemoryStore::events(std::string run, std::uint64_t after_seq) {
  std::vector<Recorded> out;
  for (const Recorded& one : durable_.events)
    if (one.event.run == run && one.seq > after_seq) out.push_back(one);
  co_return out;
}

Awaitable<std::optional<RunRow>> MemoryStore::run(std::string id) {
  const auto found = durable_.runs.find(id);
  if (found == durable_.runs.end()) co_return std::nullopt;
  co_return found->second;
}

Awaitable<std::vector<RunRow>> MemoryStore::runs(RunFilter filter) {
  std::vector<RunRow> out;
  for (const auto& [id, row] : durable_.runs)
    if (filter.state.empty() || row.state == filter.state) out.push_back(row);
  std::ranges::reverse(out);
  co_return out;
}

Awaitable<std::optional<PackageRow>> MemoryStore::package(std::string digest) {
  for (const PackageRow& one : durable_.packages)
    if (one.digest == digest) co_return one;
  co_return std::nullopt;
}

Awaitable<std::vector<BaselineRow>> MemoryStore::baselines(std::string application, std::string environment) {
  std::vector<BaselineRow> out;
  for (const BaselineRow& one : durable_.baselines)
    if (one.application == application && one.environment == environment) out.push_back(one);
  co_return out;
}

Awaitable<std::vector<BlockRow>> MemoryStore::blocks(std::string package) {
  std::vector<BlockRow> out;
  for (const BlockRow& one : durable_.blocks)
    if (package.empty() || one.package == package) out.push_back(one);
  co_return out;
}

}  // namespace belay::simulated
