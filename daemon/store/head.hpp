// The head: a small file beside the database that says how far the journal reached, written after every commit.
//
// Why: SQLite takes a damaged write-ahead log, or a database cut to nothing, for a shorter history and says no word.
// The head is written after the commit it names was synced, so a database that is behind its head has lost something.
// It is not synced itself: after a power cut it may be older than the database, which is fine. One line, overwritten in
// place: `belay-head 1 <commits> <seq> <hash of that event> <SHA-256 of all before>`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "daemon/base/error.hpp"
#include "daemon/store/posix.hpp"

namespace belay::store {

struct Reached {
  std::uint64_t commits = 0;
  std::uint64_t seq = 0;
  std::string hash;  // 64 hex digits
};

class Head {
 public:
  // Makes the file when it is missing. Used by one thread at a time.
  [[nodiscard]] static Result<Head> open(const std::filesystem::path& path);

  // nullopt for a new file. Kind::integrity when the line is damaged.
  [[nodiscard]] Result<std::optional<Reached>> read() const;
  [[nodiscard]] Result<void> write(const Reached& reached);
  [[nodiscard]] Result<void> sync() const { return sync_file(fd_, path_); }

 private:
  Head(Fd fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Fd fd_;
  std::filesystem::path path_;
};

}  // namespace belay::store
