// The state database, opened, checked and counted up: what the database thread works with.
//
// `open` may be called on any thread; afterwards one thread at a time uses the object. Every other call throws
// soci::soci_error, Damaged or std::runtime_error when the disk or the database fails: the caller then ends the
// process, it never tries again (rule C18 of docs/step-protocol.md).
#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/event.hpp"
#include "daemon/model/record.hpp"
#include "daemon/store/chain.hpp"
#include "daemon/store/head.hpp"

namespace belay::store {

class Database {
 public:
  // Opens or makes `belay.db` in the state directory, whose lock the caller holds. Checks the file's structure, the
  // schema, every hash and the head; then counts the epoch up and syncs that. Kind::integrity names the first thing
  // that is not what belayd wrote, Kind::conflict what a newer belayd wrote.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::filesystem::path& state);

  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  [[nodiscard]] soci::session& session() { return session_; }

  // One transaction: begin, then any number of writes, then commit. Nothing is durable before commit returned.
  void begin();
  [[nodiscard]] Recorded write(const Event& event, std::int64_t at_ms);
  void write(const RecordWrite& row);
  // Commits, syncs and moves the head. Throws when this is no longer the daemon that owns the database.
  void commit();

  // Moves the write-ahead log into the database and syncs it, so that nothing is left to do at the next start.
  void checkpoint();

 private:
  Database(const std::filesystem::path& state, Head head);
  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] Result<void> check();
  void count_up();
  void move_head();

  std::filesystem::path file_;
  Head head_;
  soci::session session_;
  std::uint64_t epoch_ = 0;
  std::uint64_t commits_ = 0;
  Link link_;  // the end of the journal, with the open transaction's rows
};

}  // namespace belay::store
