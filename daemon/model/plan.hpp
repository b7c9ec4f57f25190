// Plan: the playbook with inventory, variables and order resolved for one environment; what runs is exactly this.
//
// A plan names everything by digest: the package, the kit with its plugins, every blob a step uses. Its own digest is
// that of its canonical JSON (daemon/engine/plan_codec.hpp), so an approval that names the digest covers all of it.
// Plain values.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/model/inventory.hpp"

namespace belay {

// Parameters as they stand on the host: file name under p/ or r/N/ → its bytes (docs/host-protocol.md).
using ParamFiles = std::map<std::string, std::string>;

struct Touch {
  std::string resource = {};  // a folder of plugins/resource
  ParamFiles params = {};
  bool operator==(const Touch&) const = default;
};

// How a step goes back when the run does.
enum class WayBack : std::uint8_t { nothing, snapshot, undo, none };
[[nodiscard]] std::string_view to_string(WayBack way);

// What is the same for a step on every host.
struct PlanStep {
  std::string name = {};
  std::string action = {};
  std::string when = {};  // what is left to decide while running: an expression on registered results; empty: always
  std::string register_as = {};
  int retries = 0;
  int delay_seconds = 0;
  int timeout_seconds = 600;
  bool run_once = false;
  bool irreversible = false;
  bool opaque = false;  // its effect cannot be known beforehand
  bool from_template = false;
  bool verifies = false;      // its action has a verify.sh, or the step a `verify` of its own
  bool daemon_check = false;  // an http check that the daemon makes itself (`from: daemon`)
  WayBack way_back = WayBack::snapshot;
  bool operator==(const PlanStep&) const = default;
};

// A step as it will run on one host.
struct HostStep {
  bool skipped = false;  // not for this host, or its `when` on facts is false here
  std::string why_skipped = {};
  ParamFiles params = {};
  std::vector<Touch> touches = {};
  std::vector<std::string> blobs = {};  // hex digests the host must have before anything is touched
  std::map<std::string, std::string> when_values =
      {};  // facts and variables its step's `when` names, as they are on this host
  bool operator==(const HostStep&) const = default;
};

struct PlanHost {
  Host host = {};  // with user, base and transport already filled in from the environment
  int batch = 0;   // from 0
  std::vector<HostStep> steps = {};
  bool operator==(const PlanHost&) const = default;
};

struct Plan {
  std::string application = {};
  std::string version = {};
  std::string environment = {};
  Tier tier = Tier::development;
  std::string package = {};   // hex digest of the archive
  std::string playbook = {};  // hex digest of playbook.yaml: the plan's template, the same in every environment
  std::string kit = {};       // hex digest of the kit tar
  std::string of = {};        // a rollback: the deployment whose snapshots it uses; its directories on the hosts
  int dead_man_seconds = 0;   // both as the environment had them when the plan was made
  bool copy_snapshots = false;
  std::vector<PlanStep> steps = {};  // step n of the journal is steps[n-1]
  std::vector<PlanHost> hosts = {};  // in inventory order, batch by batch
};

}  // namespace belay
