#include "tests/simulation/engine/watch.hpp"

#include <algorithm>

#include "tests/simulation/engine/daemon.hpp"

namespace belay::simulated {

Awaitable<std::uint64_t> Watch::append(std::vector<Event> events, std::vector<RecordWrite> rows) {
  co_await daemon_.wait(std::chrono::milliseconds(1));
  // The WHERE of the real store finds no row, and the process ends (R2, C18).
  if (!daemon_.owns_journal()) {
    daemon_.die("the journal has another owner");
    co_await daemon_.never();
  }
  for (const Event& event : events)
    setting_.note("journal: " + std::string(to_string(event.type)) + ' ' + event.host + ' ' +
                  std::to_string(event.step) + (event.ok ? "" : " NOT ok") + " rc " + std::to_string(event.rc) + ' ' +
                  event.note);
  if (setting_.switches.late_intent && events.size() == 1 && events[0].type == EventType::apply_intent) {
    held_back_.push_back(events[0]);
    co_return 0;
  }
  events.insert(events.begin(), held_back_.begin(), held_back_.end());
  held_back_.clear();
  const unsigned death = setting_.chance.ask(Site::append, daemon_.can_be_paused() ? 4 : 3);
  if (death == 1) {
    daemon_.die("before an append was durable");
    co_await daemon_.never();
  }
  const std::vector<Event> copy = events;
  const std::uint64_t seq = co_await counted(journal_.append(std::move(events), std::move(rows)));
  for (const Event& event : copy) ledger_.durable(event);
  if (death == 2) daemon_.die("after an append was durable");
  if (death == 3) daemon_.pause();
  if (setting_.chance.ask(Site::abort, 2) == 1) daemon_.ask_to_abort();
  co_await daemon_.wait(std::chrono::milliseconds(0));
  co_return seq;
}

Awaitable<std::vector<Recorded>> Watch::events(std::string run, std::uint64_t after_seq) {
  std::vector<Recorded> out = co_await counted(journal_.events(std::move(run), after_seq));
  if (!setting_.switches.reapply_unknown) co_return out;
  // The mistake: what was begun and not heard of again is forgotten, so it is begun again.
  std::erase_if(out, [&](const Recorded& intent) {
    return intent.event.type == EventType::apply_intent && std::ranges::none_of(out, [&](const Recorded& end) {
             return end.event.type == EventType::apply_done && end.event.host == intent.event.host &&
                    end.event.step == intent.event.step;
           });
  });
  co_return out;
}

}  // namespace belay::simulated
