// The state directory belongs to one daemon at a time; this lock says which one.
//
// The lock is flock() on `belayd.lock`, which also names the holder's pid for people. The kernel drops it with the
// process, however that ends; the file is never removed (two holders on two inodes otherwise).
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/store/posix.hpp"

namespace belay::store {

class StateLock {
 public:
  // Makes the directory (0700) when it is missing and takes the lock. Kind::conflict, naming the pid, when another
  // daemon has it; Kind::refused for a network file system, where neither locks nor syncs can be trusted.
  [[nodiscard]] static Result<StateLock> take(const std::filesystem::path& state);

 private:
  explicit StateLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

// The name of a network file system by its magic number of statfs(2); nullopt for all others.
[[nodiscard]] std::optional<std::string_view> network_file_system(unsigned long magic);

}  // namespace belay::store
