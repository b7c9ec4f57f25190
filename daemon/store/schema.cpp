#include "daemon/store/schema.hpp"

#include <fmt/format.h>

#include <map>
#include <string>

#include "daemon/base/escape.hpp"
#include "daemon/store/query.hpp"

namespace belay::store {
namespace {

// Word for word as sqlite_master keeps them. Types are those that SQLite and PostgreSQL both know; every table but the
// first has a hash per row (`sum`, cells.hpp), in the journal chained to the row before it.
const std::map<std::string, std::string> definitions{
    {"schema_version", "CREATE TABLE schema_version (version BIGINT NOT NULL)"},
    {"state", R"(CREATE TABLE state (
  one BIGINT NOT NULL PRIMARY KEY,
  epoch BIGINT NOT NULL,
  commits BIGINT NOT NULL,
  sum TEXT NOT NULL))"},
    {"journal", R"(CREATE TABLE journal (
  seq BIGINT NOT NULL PRIMARY KEY,
  at_ms BIGINT NOT NULL,
  run TEXT NOT NULL,
  type TEXT NOT NULL,
  host TEXT NOT NULL,
  step BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  ok BIGINT NOT NULL,
  rc BIGINT NOT NULL,
  digest TEXT NOT NULL,
  output TEXT NOT NULL,
  note TEXT NOT NULL,
  detail TEXT NOT NULL,
  version BIGINT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL))"},
    {"journal_run", "CREATE INDEX journal_run ON journal (run, seq)"},
    {"runs", R"(CREATE TABLE runs (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  application TEXT NOT NULL,
  version TEXT NOT NULL,
  environment TEXT NOT NULL,
  package TEXT NOT NULL,
  plan TEXT NOT NULL,
  of TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  outcome TEXT NOT NULL,
  exit_code BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  ended_ms BIGINT NOT NULL,
  sum TEXT NOT NULL))"},
    {"runs_state", "CREATE INDEX runs_state ON runs (state, id)"},
    {"packages", R"(CREATE TABLE packages (
  digest TEXT NOT NULL PRIMARY KEY,
  application TEXT NOT NULL,
  version TEXT NOT NULL,
  signer TEXT NOT NULL,
  key TEXT NOT NULL,
  size BIGINT NOT NULL,
  received_ms BIGINT NOT NULL,
  sum TEXT NOT NULL))"},
    {"baselines", R"(CREATE TABLE baselines (
  application TEXT NOT NULL,
  environment TEXT NOT NULL,
  version TEXT NOT NULL,
  package TEXT NOT NULL,
  run TEXT NOT NULL,
  previous_run TEXT NOT NULL,
  manifest TEXT NOT NULL,
  portable TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  current BIGINT NOT NULL,
  sum TEXT NOT NULL,
  PRIMARY KEY (application, environment, run)))"},
    {"evidence", R"(CREATE TABLE evidence (
  kind TEXT NOT NULL,
  package TEXT NOT NULL,
  plan_template TEXT NOT NULL,
  environment TEXT NOT NULL,
  run TEXT NOT NULL,
  passed BIGINT NOT NULL,
  detail TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  sum TEXT NOT NULL,
  PRIMARY KEY (package, kind, environment, run)))"},
    {"blocks", R"(CREATE TABLE blocks (
  package TEXT NOT NULL,
  environment TEXT NOT NULL,
  run TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  lifted_by TEXT NOT NULL,
  lift_reason TEXT NOT NULL,
  lifted_ms BIGINT NOT NULL,
  sum TEXT NOT NULL,
  PRIMARY KEY (package, environment, run)))"},
    {"hosts", R"(CREATE TABLE hosts (
  name TEXT NOT NULL PRIMARY KEY,
  environment TEXT NOT NULL,
  detail TEXT NOT NULL,
  sum TEXT NOT NULL))"},
};

std::map<std::string, std::string> found(soci::session& session) {
  std::map<std::string, std::string> all;
  select(session, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL", {}, {std::string(), std::string()},
         [&](const Cells& row) { all[std::get<std::string>(row[0])] = std::get<std::string>(row[1]); });
  return all;
}

}  // namespace

bool is_blank(soci::session& session) {
  bool blank = true;
  select(session, "SELECT name FROM sqlite_master", {}, {std::string()}, [&](const Cells&) { blank = false; });
  return blank;
}

void make_schema(soci::session& session) {
  // Tables first: an index needs its table.
  for (const std::string_view kind : {"CREATE TABLE", "CREATE INDEX"})
    for (const auto& [name, sql] : definitions)
      if (sql.starts_with(kind)) execute(session, sql);
  execute(session, "INSERT INTO schema_version (version) VALUES (:version)", {schema_version});
}

Result<void> check_schema(soci::session& session) {
  const auto all = found(session);
  const auto damaged = [](std::string what) {
    return fail(Kind::integrity, "the state database is damaged or was changed by hand: " + std::move(what),
                "Keep the state directory as it is and restore its last backup.");
  };
  // The version is looked at first: a newer schema differs in the rest by right.
  if (!all.contains("schema_version")) return damaged("it has no table schema_version");
  std::vector<long long> versions;
  select(session, "SELECT version FROM schema_version", {}, {0LL},
         [&](const Cells& row) { versions.push_back(std::get<long long>(row[0])); });
  if (versions.size() != 1 || versions[0] < 1) return damaged("its schema version cannot be read");
  if (versions[0] > schema_version)
    return fail(Kind::conflict,
                fmt::format("the state database has schema version {}, and this belayd knows versions up to {}",
                            versions[0], schema_version),
                "It was written by a newer belayd: start that one.");
  for (const auto& [name, sql] : definitions) {
    const auto at = all.find(name);
    if (at == all.end()) return damaged(fmt::format("'{}' is missing", name));
    if (at->second != sql) return damaged(fmt::format("'{}' is not defined as belayd defines it", name));
  }
  for (const auto& [name, sql] : all)
    if (!definitions.contains(name)) return damaged(fmt::format("'{}' is none of belayd's", show(name)));
  return {};
}

}  // namespace belay::store
