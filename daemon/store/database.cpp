#include "daemon/store/database.hpp"

#include <fmt/format.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <stdexcept>

#include "daemon/base/escape.hpp"
#include "daemon/store/query.hpp"
#include "daemon/store/rows.hpp"
#include "daemon/store/schema.hpp"

namespace belay::store {
namespace {

constexpr std::uintmax_t log_limit = 8U << 20;  // bytes of write-ahead log after which it is moved into the database

constexpr std::string_view restore_next =
    "belayd does not start on it. Keep the state directory as it is and restore its last backup.";

std::string pragma(soci::session& session, const std::string& sql) {
  std::string value;
  select(session, sql, {}, {std::string()}, [&](const Cells& row) { value = std::get<std::string>(row[0]); });
  return value;
}

std::string state_sum(std::uint64_t epoch, std::uint64_t commits) {
  return hash_cells("state", {static_cast<long long>(epoch), static_cast<long long>(commits)});
}

}  // namespace

Database::Database(const std::filesystem::path& state, Head head)
    : file_(state / "belay.db"),
      head_(std::move(head)),
      session_(soci::sqlite3, fmt::format("db=\"{}\"", file_.string())) {}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& state) {
  BELAY_TRY(Head head, Head::open(state / "journal.head"));
  try {
    std::unique_ptr<Database> database(new Database(state, std::move(head)));
    BELAY_TRYV(database->prepare());
    BELAY_TRYV(database->check());
    database->count_up();
    return database;
  } catch (const soci::sqlite3_soci_error& error) {
    const std::string file = show((state / "belay.db").string());
    if (error.result() == SQLITE_BUSY || error.result() == SQLITE_LOCKED)
      return fail(Kind::conflict, fmt::format("the state database {} is open in another program", file),
                  "Close that one first.");
    if (error.result() == SQLITE_CORRUPT || error.result() == SQLITE_NOTADB)
      return fail(Kind::integrity, fmt::format("the state database {} is damaged: {}", file, show(error.what())),
                  std::string(restore_next));
    return fail(Kind::io, fmt::format("the state database {} cannot be used: {}", file, show(error.what())),
                "Look at the disk: free space, permissions, the kernel's log.");
  } catch (const Damaged& damaged) {
    return fail(Kind::integrity, fmt::format("the record is damaged or was changed by hand: {}", damaged.what()),
                std::string(restore_next));
  } catch (const std::exception& error) {
    return fail(Kind::integrity,
                fmt::format("the state database {} cannot be read: {}", show((state / "belay.db").string()),
                            show(error.what())),
                std::string(restore_next));
  }
}

Result<void> Database::prepare() {
  // One process owns the file (locking_mode): no shared-memory index, no reader that holds back a checkpoint.
  pragma(session_, "PRAGMA locking_mode = EXCLUSIVE");
  execute(session_, "PRAGMA trusted_schema = OFF");
  execute(session_, "PRAGMA cell_size_check = ON");
  execute(session_, "PRAGMA foreign_keys = ON");
  execute(session_, "PRAGMA temp_store = MEMORY");
  if (pragma(session_, "PRAGMA journal_mode = WAL") != "wal")
    return fail(Kind::io, fmt::format("SQLite cannot keep a write-ahead log beside {}", show(file_.string())),
                "Put the state directory on a local file system.");
  execute(session_, "PRAGMA synchronous = FULL");
  // SQLite's own checkpoints forget a failing sync of the database; ours (checkpoint) do not.
  pragma(session_, "PRAGMA wal_autocheckpoint = 0");
  return {};
}

Result<void> Database::check() {
  BELAY_TRY(const auto reached, head_.read());
  const bool blank = is_blank(session_);
  if (blank && !reached) {
    begin();
    make_schema(session_);
    execute(session_, "INSERT INTO state (one, epoch, commits, sum) VALUES (1, 0, 0, :sum)", {state_sum(0, 0)});
    session_.commit();
    return sync_directory(file_.parent_path());
  }
  if (const std::string verdict = pragma(session_, "PRAGMA integrity_check(1)"); verdict != "ok")
    return fail(Kind::integrity,
                fmt::format("the state database {} is damaged: {}", show(file_.string()), show(verdict)),
                std::string(restore_next));
  if (!blank) {
    BELAY_TRYV(check_schema(session_));
    std::string sum;
    select(session_, "SELECT epoch, commits, sum FROM state WHERE one = 1", {}, {0LL, 0LL, std::string()},
           [&](const Cells& row) {
             from_cell(row[0], epoch_);
             from_cell(row[1], commits_);
             from_cell(row[2], sum);
           });
    if (sum != state_sum(epoch_, commits_))
      throw Damaged("the start counter (table state) is not what belayd wrote there");
    BELAY_TRY(link_, check_chain(session_));
    check_rows(session_);
  }
  if (reached &&
      (reached->commits > commits_ || (reached->seq > 0 && hash_at(session_, reached->seq) != reached->hash)))
    return fail(
        Kind::integrity,
        fmt::format("the journal in {} is older than it was, or another one: it ends at event {} after {} commits, and "
                    "it had reached event {} after {} commits",
                    show(file_.string()), link_.seq, commits_, reached->seq, reached->commits),
        "Restore belay.db together with belay.db-wal as they were. If the loss is known and accepted, remove "
        "journal.head and start belayd again.");
  return {};
}

void Database::count_up() {
  begin();
  const Cells parameters{static_cast<long long>(epoch_ + 1), static_cast<long long>(commits_ + 1),
                         state_sum(epoch_ + 1, commits_ + 1)};
  if (execute(session_, "UPDATE state SET epoch = :epoch, commits = :commits, sum = :sum WHERE one = 1", parameters) !=
      1)
    throw Damaged("the start counter (table state) is missing");
  session_.commit();
  ++epoch_;
  ++commits_;
  move_head();
  // Also writes anew what an earlier process may have failed to sync: after this, the disk has all of it.
  checkpoint();
}

void Database::begin() { session_.begin(); }

Recorded Database::write(const Event& event, std::int64_t at_ms) { return append_event(session_, link_, event, at_ms); }

void Database::write(const RecordWrite& row) { write_row(session_, row); }

void Database::commit() {
  // The epoch in the WHERE is the fence (R2): a daemon that is no longer the owner changes nothing.
  const Cells parameters{static_cast<long long>(commits_ + 1), state_sum(epoch_, commits_ + 1),
                         static_cast<long long>(epoch_), static_cast<long long>(commits_)};
  if (execute(session_,
              "UPDATE state SET commits = :commits, sum = :sum WHERE one = 1 AND epoch = :epoch AND commits = "
              ":commits_before",
              parameters) != 1)
    throw std::runtime_error("another process has written to it");
  session_.commit();
  ++commits_;
  move_head();
  std::error_code ignored;
  const auto size = std::filesystem::file_size(file_.string() + "-wal", ignored);
  if (!ignored && size > log_limit) checkpoint();
}

void Database::checkpoint() {
  long long busy = 0;
  select(session_, "PRAGMA wal_checkpoint(TRUNCATE)", {}, {0LL}, [&](const Cells& row) { from_cell(row[0], busy); });
  if (busy != 0) throw std::runtime_error("its write-ahead log is held by another program");
}

void Database::move_head() {
  if (auto written = head_.write({commits_, link_.seq, link_.hash}); !written)
    throw std::runtime_error(written.error().text());
}

}  // namespace belay::store
