// What a run does next, decided from its state and its plan alone. Fresh or after a crash, there is only this decision.
//
// Pure. The engine carries out the tasks (at most one per host at a time), writes what happened to the journal, folds
// it, and asks again. The order of events is that of docs/step-protocol.md: R1 (intent first), R4, R5, R8 (no host goes
// on while another one's outcome is unknown), reverse order on the way back.
//
// What hosts wait for on the way forward: a batch for all batches before it; a step for every earlier `run_once` step,
// and for the results its `when` names, as far as hosts of its own or an earlier batch give them.
#pragma once

#include <string>
#include <vector>

#include "daemon/reduce/state.hpp"

namespace belay::reduce {

enum class Do : std::uint8_t {
  // one host
  fence,  // take the host under a new generation; connects when needed
  ready,  // preflight
  stage,  // parameters and missing blobs
  skip,   // the step's `when` is false
  snapshot,
  arm,  // from here on the host can no longer be forgotten: the step is committed, or taken back
  apply,
  verify,
  commit,
  probe,  // begun under an earlier connection: what became of it?
  restore,
  settle,
  prove,   // second manifests, and the host against its baseline
  finish,  // the manifest to become the baseline, and the check against the plan
  // the run
  start,  // everything is staged: from here on hosts are touched
  go_back,
  end,
};

struct Task {
  Do what = Do::end;
  std::size_t host = 0;  // index into the plan; meaningless for the run's own tasks
  int step = 0;          // from 1
  int attempt = 1;       // of an apply
  std::string why = {};  // go_back, end: the sentence for the journal
  int exit_code = 0;     // end
  bool operator==(const Task&) const = default;
};

// A host that is lost this often during a way back, without a step put back in between, is given up: the run ends as
// incomplete. The same number holds before a rollback begins. A host that may take a step back by itself is waited for
// until it must have done so: the engine pauses up to 20 s before each new try.
[[nodiscard]] inline int give_up_after(const Plan& plan) {
  return plan.dead_man_seconds == 0 ? 6 : 9 + plan.dead_man_seconds / 20;
}

// Every task that may begin now. Empty when all depends on tasks that are under way.
[[nodiscard]] std::vector<Task> next(const RunState& state, const Plan& plan);

}  // namespace belay::reduce
