// The state of a run: the fold of its journal events. The same code folds a run that has just begun and one that a new
// daemon finds after a crash; there is no other place that knows where a run stands.
//
// Pure: no I/O, no clock, no randomness. Events of one run must be applied in journal order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/model/event.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/record.hpp"

namespace belay::reduce {

enum class Phase : std::uint8_t {
  planned,
  skipped,
  snapshotting,  // snap_intent stands, nothing is known of the outcome
  snapshotted,   // a durable, verified snapshot
  armed,         // the token `armed` stands, and the dead-man's switch watches it where the plan wants one
  applying,      // apply_intent stands: from here on the host may differ from its snapshot
  applied,       // rc 0 was read back
  verified,
  committing,
  committed,
  failed,     // apply or verify said no: the run goes back
  restoring,  // rb_intent stands
  restored,
  proven,  // the second manifest equals the first
  not_proven,
  needs_operator,
};
[[nodiscard]] std::string_view to_string(Phase phase);

struct StepState {
  Phase phase = Phase::planned;
  // apply_intent was written at least once, or a dead-man's switch may be armed: only a restore makes this host trusted
  // again.
  bool touched = false;
  bool unknown = false;    // begun before the last fence, outcome unknown: a probe must come first
  bool retriable = false;  // the last apply ended with a known failure
  int tries = 0;           // applies that ended with a known failure
  int rc = 0;
  std::string before = {};  // digest of the manifest taken with the snapshot
  std::string copy = {};    // digest of the daemon's sealed copy of the snapshot; empty: there is none
  std::string output = {};  // digest of the last output
  std::string note = {};
};

struct HostState {
  int generation = -1;  // of the fence this daemon's epoch holds; -1: not fenced by this epoch
  std::uint64_t fenced_by = 0;
  bool connected = true;  // false from host_lost until the next fence
  bool ready = false;
  bool staged = false;
  bool failed = false;  // preflight or staging said no
  bool settled = false;
  bool final_done = false;
  int lost = 0;       // how often it was lost or could not be reached since it last made progress going back
  int exit_code = 0;  // why preflight or staging said no, as an exit code
  std::string final_detail = {};  // canonical JSON: what host_final carried beside the manifest
  std::string final_manifest = {};
  std::string facts = {};  // canonical JSON
  std::string note = {};
  std::vector<StepState> steps = {};  // index 0 is step 1
};

enum class Stage : std::uint8_t { planning, preparing, forward, back, ended };
[[nodiscard]] std::string_view to_string(Stage stage);

struct RunState {
  Stage stage = Stage::planning;
  RunKind kind = RunKind::deploy;
  std::string plan = {};  // digest
  bool started = false;   // run_started: snapshots may have been taken
  bool abort = false;
  std::string reason = {};  // why it goes back, or why it ended
  int exit_code = -1;
  std::vector<HostState> hosts = {};           // in the plan's order
  std::map<std::string, int> registered = {};  // `register` name → exit status, from the first host that ended it well
};

// The state before any event. `plan` may be empty until run_planned; a rollback starts with every step that the
// deployment applied already committed.
[[nodiscard]] RunState initial(RunKind kind, const Plan& plan);

// Applies one event. Events that name a host or step the plan does not have are refused by a check: the journal and the
// plan are both ours. `epoch` is this daemon's own: a fence of an earlier one is no longer worth anything.
void apply(RunState& state, const Plan& plan, const Event& event, std::uint64_t epoch);

// The index of `host` in the plan; aborts when there is none.
[[nodiscard]] std::size_t host_index(const Plan& plan, const std::string& host);

}  // namespace belay::reduce
