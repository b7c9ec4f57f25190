// The tables of the record: rows in, rows out, each checked against its hash on the way out.
//
// Works on the database thread, inside the caller's transaction. Throws soci::soci_error for what SQLite reports and
// Damaged for a row that is not what was written.
#pragma once

#include <soci/soci.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/record.hpp"
#include "daemon/port/journal.hpp"

namespace belay::store {

// A stored row contradicts its own hash; `what` is a sentence that names it.
struct Damaged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Inserts the row or replaces the one with the same natural key: run id, package digest, (application, environment,
// run) of a baseline, (package, kind, environment, run) of evidence, (package, environment, run) of a block, host name.
// A baseline that is current takes that mark from the others of its application and environment.
void write_row(soci::session& session, const RecordWrite& row);

[[nodiscard]] std::optional<RunRow> read_run(soci::session& session, const std::string& id);
[[nodiscard]] std::vector<RunRow> read_runs(soci::session& session, const RunFilter& filter);
[[nodiscard]] std::optional<PackageRow> read_package(soci::session& session, const std::string& digest);
[[nodiscard]] std::vector<PackageRow> read_packages(soci::session& session);
[[nodiscard]] std::vector<BaselineRow> read_baselines(soci::session& session, const std::string& application,
                                                      const std::string& environment);
[[nodiscard]] std::vector<EvidenceRow> read_evidence(soci::session& session, const std::string& package);
[[nodiscard]] std::vector<BlockRow> read_blocks(soci::session& session, const std::string& package);
[[nodiscard]] std::vector<HostRow> read_hosts(soci::session& session);

// Reads every row of every table of the record; throws Damaged for the first bad one.
void check_rows(soci::session& session);

}  // namespace belay::store
