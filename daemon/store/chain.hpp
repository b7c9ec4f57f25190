// The journal's rows: each carries the hash of the one before it, so nothing in the middle can change, vanish or appear
// unseen. (A cut end is found by head.hpp.)
//
// Works on the database thread, inside the caller's transaction. Throws soci::soci_error and Damaged (rows.hpp).
#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/event.hpp"

namespace belay::store {

// The version of the form in which events stand in the journal. A journal with a version or an event type that this
// build does not know is refused: guessing what it meant could apply a step twice.
inline constexpr int event_version = 1;

// The last row of the chain; seq 0 and 64 zeros before the first.
struct Link {
  std::uint64_t seq = 0;
  std::string hash = std::string(64, '0');
};

// Reads the whole journal. Kind::integrity, naming the first bad sequence number; Kind::conflict for what a newer build
// wrote.
[[nodiscard]] Result<Link> check_chain(soci::session& session);

// Appends the event after `link`, and moves `link` onto it.
[[nodiscard]] Recorded append_event(soci::session& session, Link& link, const Event& event, std::int64_t at_ms);

[[nodiscard]] std::vector<Recorded> read_events(soci::session& session, const std::string& run,
                                                std::uint64_t after_seq);

// The hash of the row `seq`; empty when there is none.
[[nodiscard]] std::string hash_at(soci::session& session, std::uint64_t seq);

}  // namespace belay::store
