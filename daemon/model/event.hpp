// The events of the journal: everything a run ever did, in the order in which it became true.
//
// Plain values. A run's whole state is the fold of its events (daemon/reduce); nothing else decides what happens next.
// The names are those of docs/step-protocol.md; the text form of a type is part of the journal's format and never
// changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace belay {

enum class EventType : std::uint8_t {
  // The run as a whole.
  run_created,  // detail: kind, application, environment, package, actor, of, asked (digest of the request)
  run_planned,  // digest: the plan
  run_started,  // every host passed preflight, everything is staged: the first snapshot may be taken
  run_abort,    // a person asked to stop going forward; note: who and why
  run_back,     // the run goes back; note: the reason
  run_ended,    // note: outcome in words; rc: the exit code of docs/interface.md
  leg_started,  // a rehearsal begins the run whose id stands in `digest`; step: 1 deploy, 2 roll back, 3 deploy again
  leg_ended,    // rc: that run's exit code; step as above
  // One host.
  host_fenced,   // the host accepted `epoch`
  host_ready,    // preflight passed; detail: facts
  host_staged,   // payload and parameters stand on the host, verified
  host_lost,     // the connection or its worker is gone: outcomes in flight are unknown
  host_cut,      // the run turned back, so Belay ended what ran there: its outcome is unknown until the next fence
  host_failed,   // preflight or staging said no; note says why
  host_settled,  // after all restores: services run as they did; ok
  host_final,    // digest: manifest of every touched resource after the last step
  // One step on one host.
  skipped,  // its `when` was false
  snap_intent,
  snap_copied,  // digest: the daemon's sealed copy of the snapshot; comes with snap_done
  snap_done,    // digest: the manifest blob
  armed,
  apply_intent,
  apply_done,   // rc, output; note when it failed
  verify_done,  // ok, rc, output
  commit_intent,
  committed,
  probed,  // note: NEVER | RUNNING | DONE | LINGER | DIED | REBOOTED; rc when DONE
  rb_intent,
  restored,        // rc, output
  rb_proven,       // ok; digest: the second manifest; note names every difference
  needs_operator,  // nothing is deleted from here on; note tells what stands where
};

[[nodiscard]] std::string_view to_string(EventType type);
// nullopt for a name this build does not know: the journal then refuses to start.
[[nodiscard]] std::optional<EventType> event_type(std::string_view name);

struct Event {
  EventType type = EventType::run_created;
  std::string run;          // ULID
  std::string host = {};    // empty for run events
  int step = 0;             // from 1; 0 for run and host events
  std::uint64_t epoch = 0;  // the writer's fencing token
  bool ok = true;
  int rc = 0;
  std::string digest = {};  // hex, or empty
  std::string output = {};  // hex digest of the blob with the raw output, or empty
  std::string note = {};    // a sentence for people; hostile bytes in it are already escaped
  std::string detail = {};  // canonical JSON, or empty
  bool operator==(const Event&) const = default;
};

// An event as it stands in the journal.
struct Recorded {
  std::uint64_t seq = 0;   // from 1, without gaps over the whole journal
  std::int64_t at_ms = 0;  // Unix time in milliseconds
  Event event;
};

}  // namespace belay
