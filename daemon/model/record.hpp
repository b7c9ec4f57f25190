// The rows of the system of record that people read: runs, packages, baselines, evidence, blocks, hosts.
//
// Plain values. They are written in the same transaction as the journal events that make them true (port/journal.hpp),
// so the record can never say something the journal does not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace belay {

enum class RunKind : std::uint8_t { deploy, rehearse, rollback, verify };
[[nodiscard]] std::string_view to_string(RunKind kind);

// running | completed | rolled-back | failed | needs-operator | refused | cancelled
struct RunRow {
  std::string id = {};  // ULID
  RunKind kind = RunKind::deploy;
  std::string application = {};
  std::string version = {};
  std::string environment = {};
  std::string package = {};  // hex digest; empty while unknown
  std::string plan = {};     // hex digest; empty until planned
  std::string of = {};       // the deployment a rollback undoes, or the rehearsal a leg belongs to
  std::string actor = {};    // who asked
  std::string reason = {};
  std::string state = "running";
  std::string outcome = {};  // one sentence
  int exit_code = -1;        // of docs/interface.md; -1 while running
  std::int64_t created_ms = 0;
  std::int64_t ended_ms = 0;
};

struct PackageRow {
  std::string digest = {};  // SHA-256 of the archive's bytes
  std::string application = {};
  std::string version = {};
  std::string signer = {};  // principal of allowed_signers
  std::string key = {};     // SHA256:… fingerprint
  std::uint64_t size = 0;
  std::int64_t received_ms = 0;
};

// The last accepted release of an application in an environment, with the manifest it was left with.
struct BaselineRow {
  std::string application = {};
  std::string environment = {};
  std::string version = {};
  std::string package = {};
  std::string run = {};           // the deployment that made it
  std::string previous_run = {};  // the baseline it replaced; empty for the first
  std::string manifest = {};      // blob: canonical JSON {host: manifest blob digest}
  std::string portable =
      {};  // digest over the content that the package itself put there: the same in every environment
  std::int64_t at_ms = 0;
  bool current = true;
};

struct EvidenceRow {
  std::string kind = {};  // rehearsal | test-run
  std::string package = {};
  std::string plan_template = {};  // digest of the playbook as signed, before an environment's variables
  std::string environment = {};
  std::string run = {};
  bool passed = false;
  std::string detail = {};  // canonical JSON: measured times and so on
  std::int64_t at_ms = 0;
};

// A package that failed in an environment may not be tried there again until a person lifts the block.
struct BlockRow {
  std::string package = {};
  std::string environment = {};
  std::string run = {};
  std::string reason = {};
  std::int64_t at_ms = 0;
  std::string lifted_by = {};  // empty while it holds
  std::string lift_reason = {};
  std::int64_t lifted_ms = 0;
};

struct HostRow {
  std::string name = {};
  std::string environment = {};
  std::string detail = {};  // canonical JSON of model/inventory.hpp's Host
};

using RecordWrite = std::variant<RunRow, PackageRow, BaselineRow, EvidenceRow, BlockRow, HostRow>;

}  // namespace belay
