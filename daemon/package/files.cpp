#include "daemon/package/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "daemon/base/escape.hpp"
#include "daemon/base/ulid.hpp"

namespace belay::package {

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::unexpected<Error> io_error(std::string_view verb, std::string_view path) {
  const int reason = errno;
  const Kind kind = reason == ENOENT ? Kind::not_found : Kind::io;
  return fail(kind, fmt::format("cannot {} {}: {}", verb, show(path), std::strerror(reason)));
}

Result<Fd> open_regular(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a fifo must not wait for a writer.
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return io_error("open", path.string());
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return io_error("read", path.string());
  if (!S_ISREG(status.st_mode)) {
    return fail(Kind::invalid, fmt::format("{} is not a regular file", show(path.string())));
  }
  return fd;
}

Result<std::uint64_t> size_of(const Fd& file, std::string_view name) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return io_error("read", name);
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::size_t> read_at(const Fd& file, char* to, std::size_t size, std::uint64_t offset, std::string_view name) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(file.get(), to + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", name);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  BELAY_TRY(const Fd file, open_regular(path));
  std::string out;
  for (;;) {
    char piece[65536];
    BELAY_TRY(const std::size_t got, read_at(file, piece, sizeof piece, out.size(), path.string()));
    out.append(piece, got);
    if (out.size() > limit) {
      return fail(Kind::invalid, fmt::format("{} has more than {} bytes", show(path.string()), limit));
    }
    if (got < sizeof piece) return out;
  }
}

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path) {
  const auto name = path.filename().string();
  if (name.empty() || name == "." || name == "..") {
    return fail(Kind::invalid, fmt::format("{} is not the name of a file", show(path.string())));
  }
  auto temporary = path;
  temporary.replace_filename("." + name.substr(0, 200) + "." + random_hex(8));
  Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd.valid()) return io_error("create", temporary.string());
  return AtomicFile(std::move(fd), path, std::move(temporary));
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, {})) {}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> AtomicFile::write(std::string_view data) {
  while (!data.empty()) {
    const ssize_t done = ::write(fd_.get(), data.data(), data.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return io_error("write", temporary_.string());
    data.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Result<void> AtomicFile::commit() {
  if (::fsync(fd_.get()) != 0) return io_error("sync", temporary_.string());
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return io_error("write", path_.string());
  temporary_.clear();
  const auto parent = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  const Fd directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || ::fsync(directory.get()) != 0) return io_error("sync", parent.string());
  return {};
}

}  // namespace belay::package
