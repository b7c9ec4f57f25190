// The vault's key file.
#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "daemon/base/escape.hpp"
#include "daemon/vault/vault.hpp"

namespace belay::vault {
namespace {

constexpr std::size_t digits = 2 * std::tuple_size_v<Key>;

std::unexpected<Error> trouble(const char* doing, const std::filesystem::path& path, int number) {
  return fail(Kind::io,
              fmt::format("cannot {} the snapshot key {}: {}", doing, show(path.string()), std::strerror(number)));
}

struct Closer {
  int fd;
  ~Closer() { ::close(fd); }
};

Result<Key> parse(std::string_view text, const std::filesystem::path& path) {
  Key key{};
  std::size_t length = 0;
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.size() != digits ||
      sodium_hex2bin(key.data(), key.size(), text.data(), text.size(), nullptr, &length, nullptr) != 0 ||
      length != key.size())
    return fail(Kind::invalid, fmt::format("{} does not hold a snapshot key: 64 hex digits", show(path.string())),
                "Put the right file back; without it the daemon's copies of snapshots cannot be read");
  return key;
}

Result<Key> make(const std::filesystem::path& path) {
  Key key{};
  randombytes_buf(key.data(), key.size());
  std::string text(digits + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), key.data(), key.size());
  text.back() = '\n';
  // Under a name of its own first: a key that is half written would make every later copy unreadable.
  const std::filesystem::path fresh = path.string() + ".new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return trouble("make", fresh, errno);
  const Closer closer{fd};
  if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(fd) != 0 ||
      ::rename(fresh.c_str(), path.c_str()) != 0)
    return trouble("write", fresh, errno);
  const int directory = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return trouble("sync", path, errno);
  const Closer other{directory};
  if (::fsync(directory) != 0) return trouble("sync", path, errno);
  return key;
}

}  // namespace

Result<Key> read_or_make_key(const std::filesystem::path& path) {
  if (sodium_init() < 0) return fail(Kind::internal, "libsodium cannot be started");
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? make(path) : Result<Key>(trouble("read", path, errno));
  const Closer closer{fd};
  struct stat info{};
  if (::fstat(fd, &info) != 0) return trouble("look at", path, errno);
  if ((info.st_mode & 077) != 0)
    return fail(Kind::invalid, fmt::format("the snapshot key {} can be read by others", show(path.string())),
                fmt::format("chmod 600 {}", show(path.string())));
  std::string text(digits + 2, '\0');
  const ssize_t count = ::read(fd, text.data(), text.size());
  if (count < 0) return trouble("read", path, errno);
  text.resize(static_cast<std::size_t>(count));
  return parse(text, path);
}

}  // namespace belay::vault
