#include "daemon/store/state_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "daemon/base/escape.hpp"

namespace belay::store {
namespace {

struct Magic {
  unsigned long number;
  std::string_view name;
};

// From statfs(2); linux/magic.h does not have all of them.
constexpr std::array network_magics{
    Magic{0x6969, "NFS"},        Magic{0x517b, "SMB"},       Magic{0xff534d42, "CIFS"}, Magic{0xfe534d42, "SMB2"},
    Magic{0x00c36400, "Ceph"},   Magic{0x5346414f, "AFS"},   Magic{0x6b414653, "AFS"},  Magic{0x73757245, "Coda"},
    Magic{0x0bd00bd0, "Lustre"}, Magic{0x7461636f, "OCFS2"}, Magic{0x01161970, "GFS2"}, Magic{0x564c, "NCP"},
    Magic{0x19830326, "BeeGFS"}, Magic{0x47504653, "GPFS"},
};

std::string holder(const Fd& fd) {
  std::array<char, 32> text{};
  const ssize_t count = ::pread(fd.get(), text.data(), text.size(), 0);
  std::string pid(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  pid = pid.substr(0, pid.find_first_not_of("0123456789"));
  return pid.empty() ? "of unknown pid" : "pid " + pid;
}

}  // namespace

std::optional<std::string_view> network_file_system(unsigned long magic) {
  for (const auto& [number, name] : network_magics)
    if (number == magic) return name;
  return std::nullopt;
}

Result<StateLock> StateLock::take(const std::filesystem::path& state) {
  // SQLite's connect string (SOCI) has no way to write a quote.
  if (!state.is_absolute() || state.string().find('"') != std::string::npos)
    return fail(Kind::invalid,
                fmt::format("state directory '{}' is not an absolute path without quotes", show(state.string())),
                "Set `state:` to an absolute path.");
  BELAY_TRYV(make_directory(state));
  struct statfs info{};
  if (::statfs(state.c_str(), &info) != 0) return io_error("look at", state, errno);
  // f_type is signed on some machines; the magic numbers have 32 bits.
  if (const auto name = network_file_system(static_cast<unsigned long>(info.f_type) & 0xffffffffUL))
    return fail(Kind::refused,
                fmt::format("state directory {} is on a network file system ({})", show(state.string()), *name),
                "Locks and syncs cannot be trusted there: set `state:` to a directory on a local disk.");
  // It holds the record of everything: nobody else reads it.
  if (::chmod(state.c_str(), 0700) != 0) return io_error("protect (chmod 0700)", state, errno);

  const std::filesystem::path path = state / "belayd.lock";
  BELAY_TRY(Fd fd, open_file(path, O_RDWR | O_CREAT, 0600));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return io_error("lock", path, errno);
    return fail(Kind::conflict,
                fmt::format("state directory {} is in use by belayd {}", show(state.string()), holder(fd)),
                "Stop that one first, or give this one a state directory of its own.");
  }
  if (::ftruncate(fd.get(), 0) != 0) return io_error("write", path, errno);
  BELAY_TRYV(write_all(fd, fmt::format("{}\n", ::getpid()), path));
  return StateLock(std::move(fd));
}

}  // namespace belay::store
