#include "daemon/store/posix.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "daemon/base/escape.hpp"

namespace belay::store {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::unexpected<Error> io_error(std::string_view doing, const std::filesystem::path& path, int number) {
  std::string next;
  if (number == ENOSPC) next = "The file system is full: free some space and try again.";
  if (number == EDQUOT) next = "The disk quota is used up: raise it or free some space and try again.";
  if (number == EFBIG) next = "The file would grow beyond a limit of this process: raise LimitFSIZE and try again.";
  if (number == EROFS) next = "The file system is mounted read-only: look into the kernel's log for why.";
  if (number == EACCES || number == EPERM) next = "Give it to the user that belayd runs as.";
  return fail(Kind::io,
              fmt::format("cannot {} {}: {}", doing, show(path.string()), std::generic_category().message(number)),
              std::move(next));
}

Result<Fd> open_file(const std::filesystem::path& path, int flags, mode_t mode) {
  for (;;) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd >= 0) return Fd(fd);
    if (errno != EINTR) return io_error("open", path, errno);
  }
}

Result<void> write_all(const Fd& fd, std::string_view data, const std::filesystem::path& path) {
  while (!data.empty()) {
    const ssize_t count = ::write(fd.get(), data.data(), data.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return io_error("write", path, errno);
    }
    data.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> sync_file(const Fd& fd, const std::filesystem::path& path) {
  if (::fsync(fd.get()) != 0) return io_error("sync", path, errno);
  return {};
}

Result<void> sync_directory(const std::filesystem::path& path) {
  BELAY_TRY(const Fd fd, open_file(path, O_RDONLY | O_DIRECTORY));
  return sync_file(fd, path);
}

Result<void> make_directory(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno != EEXIST) return io_error("make the directory", path, errno);
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return io_error("look at", path, errno);
    if (!S_ISDIR(info.st_mode)) return io_error("use as a directory", path, ENOTDIR);
    return {};
  }
  return sync_directory(path.parent_path());
}

}  // namespace belay::store
