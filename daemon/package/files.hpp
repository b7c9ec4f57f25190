// Small tools for files: a descriptor that closes itself, reads with a limit, and a file that appears whole or not at
// all.
//
// Kind::io with the path and the operating system's reason. Each object belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/error.hpp"

namespace belay::package {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  void reset();
  // Gives the descriptor away.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// "cannot open X: reason" from errno.
[[nodiscard]] std::unexpected<Error> io_error(std::string_view verb, std::string_view path);

// A regular file, opened for reading; anything else (also a fifo or a device) is Kind::invalid. Kind::not_found when
// absent.
[[nodiscard]] Result<Fd> open_regular(const std::filesystem::path& path);

// The size of an open file.
[[nodiscard]] Result<std::uint64_t> size_of(const Fd& file, std::string_view name);

// Reads up to `size` bytes at `offset`; fewer only at the end of the file.
[[nodiscard]] Result<std::size_t> read_at(const Fd& file, char* to, std::size_t size, std::uint64_t offset,
                                          std::string_view name);

// The whole file; Kind::invalid when it has more than `limit` bytes.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit);

// Writes beside `path` under a temporary name. commit() syncs the file, renames it to `path` and syncs the directory; a
// file that was not committed is removed.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::filesystem::path& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  Result<void> write(std::string_view data);
  Result<void> commit();

 private:
  AtomicFile(Fd fd, std::filesystem::path path, std::filesystem::path temporary)
      : fd_(std::move(fd)), path_(std::move(path)), temporary_(std::move(temporary)) {}

  Fd fd_;
  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty once there is nothing to remove
};

}  // namespace belay::package
