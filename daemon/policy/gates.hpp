// Gates before a run: facts and an environment's rules in, what is missing out.
//
// Pure. A gate that does not hold names the rule, the clause it comes from (docs/controls.md) and the way out.
// Approvals, roles, windows and exceptions will be further gates of the same form.
#pragma once

#include <string>
#include <vector>

#include "daemon/model/inventory.hpp"

namespace belay::policy {

// What was found out about a run that is asked for.
struct Facts {
  std::string package = {};  // first digits of the digest, for messages
  std::string environment = {};
  bool rehearsal_run = false;                    // the run is itself a rehearsal
  std::string signer = {};                       // empty: not signed by a trusted key
  bool rehearsed = false;                        // a passing rehearsal of the same digest and playbook counts
  std::string rehearsal_tried = {};              // why the nearest rehearsal does not count; may be empty
  std::vector<std::string> rehearsable_in = {};  // environments whose rehearsals count here
  std::string blocked_by = {};                   // id of the run that failed with this package here; empty: not blocked
  // The run that left hosts there not proven to be back, the deployment that is to be put back, and its package; empty:
  // there is none.
  std::string needs_operator = {};
  std::string way_back = {};
  std::string left_by = {};
  std::vector<std::string> irreversible_steps = {};
  std::vector<std::string> drifted = {};  // "web1: /etc/app.conf mode is 0644, was 0640"
};

struct Gate {
  std::string id = {};  // KY-3, MA-10.1.2, …
  bool holds = true;
  std::string what = {};  // one sentence
  std::string next = {};  // who can mend it, and the command that does
};

// Every gate that applies, in the order in which a person would mend them.
[[nodiscard]] std::vector<Gate> gates(const Facts& facts, const Environment& environment);

}  // namespace belay::policy
