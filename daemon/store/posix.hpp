// The few system calls the store makes itself, with errors as sentences that name the file and what to do.
//
// An Fd owns one descriptor, closed on exec and on destruction. Errors are Kind::io. Any thread; an Fd belongs to one.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/error.hpp"

namespace belay::store {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { close(); }

  [[nodiscard]] int get() const { return fd_; }
  void close();

 private:
  int fd_ = -1;
};

// "cannot <doing> <path>: <system's words>", with what to do next when the number says so (full disk, quota, rights).
[[nodiscard]] std::unexpected<Error> io_error(std::string_view doing, const std::filesystem::path& path, int number);

// O_CLOEXEC and O_NOFOLLOW are added to `flags`.
[[nodiscard]] Result<Fd> open_file(const std::filesystem::path& path, int flags, mode_t mode = 0);
[[nodiscard]] Result<void> write_all(const Fd& fd, std::string_view data, const std::filesystem::path& path);
[[nodiscard]] Result<void> sync_file(const Fd& fd, const std::filesystem::path& path);
[[nodiscard]] Result<void> sync_directory(const std::filesystem::path& path);
// Makes the directory with mode 0700; that it exists already is fine. Its parent is synced when it was made.
[[nodiscard]] Result<void> make_directory(const std::filesystem::path& path);

}  // namespace belay::store
