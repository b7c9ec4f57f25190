#include "tests/property/path/damage.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "daemon/base/escape.hpp"

namespace belay::test {
namespace fs = std::filesystem;
namespace {

bool is_dir(const std::string& path) { return fs::is_directory(fs::symlink_status(path)); }

void remove(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

void write_in_place(const std::string& path, const std::string& text, int flags) {
  if (!fs::is_regular_file(fs::symlink_status(path))) return;
  const int fd = ::open(path.c_str(), O_WRONLY | flags);
  if (fd < 0) return;
  if (::write(fd, text.data(), text.size()) < 0) ::ftruncate(fd, 0);
  ::close(fd);
}

void drop_attributes(const std::string& path) {
  for (const char* name : {"user.note", "system.posix_acl_access", "system.posix_acl_default", "security.capability"}) {
    ::lremovexattr(path.c_str(), name);
  }
}

void protect(const std::string& path) {
  if (fs::is_symlink(fs::symlink_status(path)) || !(is_dir(path) || fs::is_regular_file(path))) return;
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0) return;
  int flags = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
    flags |= FS_IMMUTABLE_FL;
    ::ioctl(fd, FS_IOC_SETFLAGS, &flags);
  }
  ::close(fd);
}

}  // namespace

std::string damage(Maker& make, const std::string& root) {
  Dice& dice = make.dice;
  std::vector<std::string> all;
  for (const auto& [path, entry] : account_of(root, {})) all.push_back(path);
  if (all.empty()) {
    make.entry(root, 2);
    return "made the root anew";
  }
  std::string at = dice.pick(all);
  if (at == root && !dice.one_in(4)) at = dice.pick(all);
  const std::string other = dice.pick(all);
  const std::string inside = (is_dir(at) ? at : fs::path(at).parent_path().string()) + "/" + make.name();
  switch (dice.below(17)) {
    case 0:
      write_in_place(at, make.dice.bytes(10), O_APPEND);
      return "appended to " + show(at);
    case 1:
      write_in_place(at, make.dice.bytes(3), O_TRUNC);
      return "rewrote " + show(at);
    case 2:
      write_in_place(at, make.dice.bytes(1), 0);
      return "changed a byte of " + show(at);
    case 3:
      make.dress(at);
      return "dressed " + show(at);
    case 4:
      drop_attributes(at);
      return "took attributes off " + show(at);
    case 5:
      remove(at);
      return "removed " + show(at);
    case 6:
      make.entry(inside, 2);
      return "added " + show(inside);
    case 7:
      remove(at);
      make.entry(at, 2);
      return "replaced " + show(at);
    case 8:
      remove(at);
      if (::symlink(make.sentinel.c_str(), at.c_str()) != 0) return "removed " + show(at);
      return "planted a link at " + show(at);
    case 9:
      ::rename(at.c_str(), inside.c_str());
      return "renamed " + show(at) + " to " + show(inside);
    case 10:
      ::rename(at.c_str(), other.c_str());
      return "renamed " + show(at) + " over " + show(other);
    case 11: {
      // Another inode with the same bytes: other names of the file are left behind.
      std::error_code ignored;
      if (fs::is_regular_file(fs::symlink_status(at))) {
        fs::copy_file(at, at + "~", ignored);
        if (!ignored) ::rename((at + "~").c_str(), at.c_str());
      }
      return "copied over itself " + show(at);
    }
    case 12:
      if (!is_dir(at) && ::link(at.c_str(), inside.c_str()) != 0) return "could not link";
      return "linked " + show(at) + " as " + show(inside);
    case 13:
      if (is_dir(at) || is_dir(other)) return "no link over a directory";
      remove(other);
      if (::link(at.c_str(), other.c_str()) != 0) return "removed " + show(other);
      return "linked " + show(at) + " over " + show(other);
    case 14:
      if (fs::is_symlink(fs::symlink_status(at))) return "no mode for a link";
      ::chmod(at.c_str(), 0);
      return "closed " + show(at);
    case 15:
      if (::mknod(inside.c_str(), S_IFSOCK | 0600, 0) != 0) return "no socket";
      return "made the socket " + show(inside);
    default:
      if (!make.root_user || !make.attributes) return "nothing";
      protect(at);
      return "made immutable " + show(at);
  }
}

}  // namespace belay::test
