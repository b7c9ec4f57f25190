#include "tests/simulation/engine/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace belay::simulated {

void Ledger::become(const Ledger& other) {
  auto kept = std::move(also);
  *this = other;
  also = std::move(kept);
}

bool Ledger::has(EventType type, const std::string& host, int step, std::uint64_t start) const {
  return std::ranges::any_of(events_, [&](const Event& event) {
    return event.type == type && event.host == host && event.step == step && event.epoch == start;
  });
}

bool Ledger::has(EventType type) const {
  return std::ranges::any_of(events_, [&](const Event& event) { return event.type == type; });
}

void Ledger::durable(const Event& event) {
  if (event.type == EventType::run_created) {
    events_.clear();
    run_ = event.run;
    ended_ = back_ = false;
    begun_.clear();
    unknown_.clear();
  }
  if (event.run != run_) throw Violation("ledger: an event of another run");
  if (event.epoch < start_)
    throw Violation(
        fmt::format("R2: start {} writes to the journal, and start {} has taken over", event.epoch, start_));
  start_ = event.epoch;
  if (ended_) throw Violation(fmt::format("I16: {} comes after the run has ended", to_string(event.type)));
  const Key key{event.host, event.step};
  switch (event.type) {
    case EventType::snap_intent:
    case EventType::apply_intent:
    case EventType::commit_intent:
      if (back_) throw Violation(fmt::format("R8: {} comes after the run turned back", to_string(event.type)));
      if (event.type == EventType::apply_intent && begun_.contains(key))
        throw Violation(
            fmt::format("R5: step {} on {} is begun again, and nobody knows how it ended", event.step, event.host));
      if (!unknown_.empty())
        throw Violation(fmt::format("R8: {} on {}, and the outcome of step {} on {} is unknown", to_string(event.type),
                                    event.host, unknown_.begin()->second, unknown_.begin()->first));
      if (event.type == EventType::apply_intent) begun_.insert(key);
      break;
    case EventType::apply_done:
    case EventType::probed:
      if (event.type == EventType::apply_done || !event.ok) begun_.erase(key);
      unknown_.erase(key);
      break;
    case EventType::host_fenced:
      for (const Key& one : begun_)
        if (one.first == event.host && !back_) unknown_.insert(one);
      break;
    case EventType::run_back:
      back_ = true;
      unknown_.clear();
      break;
    case EventType::run_ended:
      ended_ = true;
      exit_code_ = event.rc;
      break;
    default:
      break;
  }
  events_.push_back(event);
  if (also) also(event);
}

}  // namespace belay::simulated
