#include "daemon/store/rows.hpp"

#include <fmt/format.h>

#include <array>

#include "daemon/base/escape.hpp"
#include "daemon/store/query.hpp"

namespace belay::store {
namespace {

// Columns in the order of `fields` (cells.hpp); the first `keys` of `key` are the natural key.
template <class Row>
struct Table;
template <>
struct Table<RunRow> {
  static constexpr std::string_view name = "runs", key = "id";
  static constexpr std::array<std::string_view, 15> columns{
      "id",    "kind",   "application", "version", "environment", "package",    "plan",    "of",
      "actor", "reason", "state",       "outcome", "exit_code",   "created_ms", "ended_ms"};
};
template <>
struct Table<PackageRow> {
  static constexpr std::string_view name = "packages", key = "digest";
  static constexpr std::array<std::string_view, 7> columns{"digest", "application", "version",    "signer",
                                                           "key",    "size",        "received_ms"};
};
template <>
struct Table<BaselineRow> {
  static constexpr std::string_view name = "baselines", key = "application, environment, run";
  static constexpr std::array<std::string_view, 10> columns{"application", "environment",  "version",  "package",
                                                            "run",         "previous_run", "manifest", "portable",
                                                            "at_ms",       "current"};
};
template <>
struct Table<EvidenceRow> {
  static constexpr std::string_view name = "evidence", key = "package, kind, environment, run";
  static constexpr std::array<std::string_view, 8> columns{"kind", "package", "plan_template", "environment",
                                                           "run",  "passed",  "detail",        "at_ms"};
};
template <>
struct Table<BlockRow> {
  static constexpr std::string_view name = "blocks", key = "package, environment, run";
  static constexpr std::array<std::string_view, 8> columns{"package", "environment", "run",         "reason",
                                                           "at_ms",   "lifted_by",   "lift_reason", "lifted_ms"};
};
template <>
struct Table<HostRow> {
  static constexpr std::string_view name = "hosts", key = "name";
  static constexpr std::array<std::string_view, 3> columns{"name", "environment", "detail"};
};

template <class Row>
std::string column_list(std::string_view prefix) {
  std::string text;
  for (const auto column : Table<Row>::columns) text += fmt::format("{}{}, ", prefix, column);
  return text + std::string(prefix) + "sum";
}

// Made once per table, of constants only.
template <class Row>
const std::string& upsert_sql() {
  static const std::string sql = [] {
    std::string update;
    for (const auto column : Table<Row>::columns) update += fmt::format("{0} = excluded.{0}, ", column);
    return fmt::format("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}sum = excluded.sum",
                       Table<Row>::name, column_list<Row>(""), column_list<Row>(":"), Table<Row>::key, update);
  }();
  return sql;
}

template <class Row>
void upsert(soci::session& session, const Row& row) {
  Cells cells = to_cells(row);
  cells.emplace_back(hash_cells(Table<Row>::name, to_cells(row)));
  execute(session, upsert_sql<Row>(), cells);
}

// `clause` (WHERE … ORDER BY …) is a constant of this file.
template <class Row>
std::vector<Row> read(soci::session& session, std::string_view clause, const Cells& parameters = {}) {
  static const std::string start = fmt::format("SELECT {} FROM {} ", column_list<Row>(""), Table<Row>::name);
  Cells shape = to_cells(Row{});
  static_assert(std::tuple_size_v<decltype(fields(std::declval<Row&>()))> == Table<Row>::columns.size());
  shape.emplace_back(std::string());
  std::vector<Row> rows;
  select(session, start + std::string(clause), parameters, shape, [&](const Cells& found) {
    Cells cells(found.begin(), found.end() - 1);
    if (hash_cells(Table<Row>::name, cells) != std::get<std::string>(found.back()))
      throw Damaged(fmt::format("a row of table {} (first column '{}') is not what belayd wrote there",
                                Table<Row>::name, show(std::get<std::string>(cells.front()))));
    rows.push_back(from_cells<Row>(cells));
  });
  return rows;
}

template <class Row>
std::optional<Row> first(std::vector<Row> rows) {
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

void take_current(soci::session& session, const BaselineRow& row) {
  for (BaselineRow& other : read_baselines(session, row.application, row.environment)) {
    if (!other.current || other.run == row.run) continue;
    other.current = false;
    upsert(session, other);
  }
}

}  // namespace

void write_row(soci::session& session, const RecordWrite& row) {
  if (const auto* baseline = std::get_if<BaselineRow>(&row); baseline != nullptr && baseline->current)
    take_current(session, *baseline);
  std::visit([&](const auto& one) { upsert(session, one); }, row);
}

std::optional<RunRow> read_run(soci::session& session, const std::string& id) {
  return first(read<RunRow>(session, "WHERE id = :id", {id}));
}

std::vector<RunRow> read_runs(soci::session& session, const RunFilter& filter) {
  // ULIDs sort by time: newest first is largest id first.
  return read<RunRow>(
      session,
      "WHERE (:application = '' OR application = :same_application) "
      "AND (:environment = '' OR environment = :same_environment) AND (:state = '' OR state = :same_state) "
      "AND (:before = '' OR id < :same_before) ORDER BY id DESC LIMIT :limit",
      {filter.application, filter.application, filter.environment, filter.environment, filter.state, filter.state,
       filter.before, filter.before, static_cast<long long>(std::max(filter.limit, 0))});
}

std::optional<PackageRow> read_package(soci::session& session, const std::string& digest) {
  return first(read<PackageRow>(session, "WHERE digest = :digest", {digest}));
}

std::vector<PackageRow> read_packages(soci::session& session) {
  return read<PackageRow>(session, "ORDER BY received_ms DESC, digest");
}

std::vector<BaselineRow> read_baselines(soci::session& session, const std::string& application,
                                        const std::string& environment) {
  return read<BaselineRow>(
      session, "WHERE application = :application AND environment = :environment ORDER BY at_ms DESC, run DESC",
      {application, environment});
}

std::vector<EvidenceRow> read_evidence(soci::session& session, const std::string& package) {
  return read<EvidenceRow>(session, "WHERE package = :package ORDER BY at_ms DESC, run DESC", {package});
}

std::vector<BlockRow> read_blocks(soci::session& session, const std::string& package) {
  return read<BlockRow>(
      session, "WHERE lifted_by = '' AND (:package = '' OR package = :same_package) ORDER BY at_ms DESC, run DESC",
      {package, package});
}

std::vector<HostRow> read_hosts(soci::session& session) { return read<HostRow>(session, "ORDER BY name"); }

void check_rows(soci::session& session) {
  (void)read<RunRow>(session, "");
  (void)read<PackageRow>(session, "");
  (void)read<BaselineRow>(session, "");
  (void)read<EvidenceRow>(session, "");
  (void)read<BlockRow>(session, "");
  (void)read<HostRow>(session, "");
}

}  // namespace belay::store
