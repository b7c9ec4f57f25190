// Disk: the files of a simulated host, as the processes see them (page cache) and as a power cut would leave them.
//
// What was written is durable when the file was synced; a name (created, renamed, removed) when its directory was.
// Until then a power cut may take it or leave it, each for itself: any subset. Paths are flat text; directories exist
// by being named. Copyable: a copy is another disk with the same content. One thread; nothing fails.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace belay::simulated {

// What becomes of the unsynced things in a power cut. `mixed` and `mixed_other` between them lose each thing once.
enum class Loss : std::uint8_t { all, none, mixed, mixed_other };

class Disk {
 public:
  [[nodiscard]] bool exists(const std::string& path) const { return names_.contains(path); }
  [[nodiscard]] std::optional<std::string> read(const std::string& path) const;
  // Makes the file, or replaces its content in place.
  void write(const std::string& path, const std::string& content);
  void sync(const std::string& path);
  void sync_directory(const std::string& directory);
  // False when there is no `from`.
  bool rename(const std::string& from, const std::string& to);
  void remove(const std::string& path);
  // Whole and durable at once: for what is not under test.
  void settle(const std::string& path, const std::string& content);

  // The content that `path` has now and would certainly have after a power cut.
  [[nodiscard]] std::optional<std::string> durable(const std::string& path) const;
  void power_cut(Loss loss);
  // The paths below `prefix`, in order.
  [[nodiscard]] std::vector<std::string> list(const std::string& prefix) const;

  // A host whose directories are never synced, whatever it is told.
  bool forgets_directories = false;

  [[nodiscard]] static std::string directory_of(const std::string& path);

 private:
  struct File {
    std::string now;
    std::optional<std::string> synced = {};
  };
  // One change of names, atomic: a rename takes one name away and gives another.
  struct Change {
    std::map<std::string, int> names;  // 0: gone
  };
  void change(Change change);
  static void apply(std::map<std::string, int>& names, const Change& change);

  int last_ = 0;
  std::map<int, File> files_;
  std::map<std::string, int> names_;   // as seen
  std::map<std::string, int> synced_;  // as durable
  std::vector<Change> pending_;        // in order
};

}  // namespace belay::simulated
