#include "tests/property/path/tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "daemon/base/digest.hpp"
#include "daemon/base/escape.hpp"

namespace belay::test {
namespace {

std::string content_of(const std::string& path) {
  std::string text;
  std::array<char, 65536> buffer{};
  const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW);
  for (ssize_t n = 0; (n = ::read(fd, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(fd);
  return sha256(text).hex();
}

std::string target_of(const std::string& path) {
  std::array<char, 5000> buffer{};
  const ssize_t n = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return std::string(buffer.data(), n < 0 ? 0 : static_cast<std::size_t>(n));
}

std::string attributes_of(const std::string& path) {
  std::array<char, 65536> names{};
  const ssize_t size = ::llistxattr(path.c_str(), names.data(), names.size());
  std::map<std::string, std::string> found;
  for (ssize_t at = 0; at < size;) {
    const std::string name = &names[static_cast<std::size_t>(at)];
    std::array<char, 65536> value{};
    const ssize_t n = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    found[name] = n < 0 ? "?" : std::string(value.data(), static_cast<std::size_t>(n));
    at += static_cast<ssize_t>(name.size()) + 1;
  }
  std::string text;
  for (const auto& [name, value] : found) text += fmt::format(" {}={}", show(name), show(value));
  return text;
}

std::string describe(const std::string& path, const struct stat& info, Precision precision) {
  std::string text = fmt::format("{:o} {}:{}", info.st_mode, info.st_uid, info.st_gid);
  if (S_ISREG(info.st_mode)) text += fmt::format(" {} bytes {}", info.st_size, content_of(path));
  if (S_ISLNK(info.st_mode)) text += " -> " + show(target_of(path));
  if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode))
    text += fmt::format(" {}:{}", major(info.st_rdev), minor(info.st_rdev));
  if (!S_ISLNK(info.st_mode)) {
    text += fmt::format(" at {}", info.st_mtim.tv_sec);
    if (precision.nanoseconds) text += fmt::format(".{:09}", info.st_mtim.tv_nsec);
  }
  if (precision.attributes) text += attributes_of(path);
  return text;
}

void walk(const std::string& path, Precision precision, Account& account, std::map<std::uint64_t, std::string>& first) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return;
  Entry entry{describe(path, info, precision), info.st_ino, ""};
  if (S_ISREG(info.st_mode) && info.st_nlink > 1) entry.group = first.try_emplace(info.st_ino, path).first->second;
  account[path] = entry;
  if (!S_ISDIR(info.st_mode)) return;
  std::vector<std::string> names;
  if (DIR* dir = ::opendir(path.c_str())) {
    while (const dirent* item = ::readdir(dir)) {
      const std::string name = item->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(dir);
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) walk(path + "/" + name, precision, account, first);
}

// A POSIX ACL as the kernel keeps it: user::rwx, a named user, group::, mask::, other::.
std::string acl(std::uint16_t user_permission, std::uint32_t user) {
  std::string blob("\2\0\0\0", 4);
  const auto add = [&blob](std::uint16_t tag, std::uint16_t permission, std::uint32_t id) {
    for (const std::uint32_t word : {std::uint32_t{tag} | std::uint32_t{permission} << 16, id}) {
      for (unsigned shift = 0; shift < 32; shift += 8) blob += static_cast<char>(word >> shift & 0xff);
    }
  };
  add(1, 7, 0xffffffff);
  add(2, user_permission, user);
  add(4, 5, 0xffffffff);
  add(16, 7, 0xffffffff);
  add(32, 4, 0xffffffff);
  return blob;
}

}  // namespace

Account account_of(const std::string& root, Precision precision) {
  Account account;
  std::map<std::uint64_t, std::string> first;
  walk(root, precision, account, first);
  return account;
}

std::string differences(const Account& before, const Account& now) {
  std::string text;
  int shown = 0;
  const auto say = [&](const std::string& line) {
    if (++shown <= 8) text += line + "\n";
  };
  for (const auto& [path, entry] : before) {
    const auto found = now.find(path);
    if (found == now.end()) {
      say("missing: " + show(path) + "  " + entry.what);
    } else if (found->second.what != entry.what) {
      say("differs: " + show(path) + "\n  was " + entry.what + "\n  is  " + found->second.what);
    } else if (found->second.group != entry.group) {
      say("other names of the file: " + show(path) + " was " + show(entry.group) + " is " + show(found->second.group));
    }
  }
  for (const auto& [path, entry] : now) {
    if (!before.contains(path)) say("too much: " + show(path) + "  " + entry.what);
  }
  return text;
}

std::string Dice::bytes(std::size_t n) {
  std::string text(n, '\0');
  for (char& c : text) c = static_cast<char>(below(256));
  return text;
}

std::string Maker::name() {
  static const std::vector<std::string> ordinary = {"a", "b", "c", "conf", "index.html", "x-1", "bin", "lib.so.1"};
  static const std::vector<std::string> odd = {"with space",
                                               "new\nline",
                                               "quo'te\"s",
                                               "-rf",
                                               "back\\slash",
                                               "\xff\xfe\x80",
                                               "*[a-z]?",
                                               "..hidden",
                                               "$HOME`id`;#&|",
                                               "tab\there",
                                               "\x01\x7f",
                                               "caf\xc3\xa9",
                                               "\\101\\n%s%d{}",
                                               "line\n",
                                               "--help",
                                               "a\\",
                                               "[",
                                               "]x",
                                               "=eq=",
                                               std::string(255, 'n'),
                                               std::string(255, '\xe9')};
  return dice.one_in(4) ? dice.pick(odd) : dice.pick(ordinary);
}

void Maker::file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return;
  if (dice.one_in(8)) {
    // A hole in the middle.
    const std::string text = dice.bytes(100);
    if (::pwrite(fd, text.data(), text.size(), static_cast<off_t>(dice.below(200000))) < 0) ::ftruncate(fd, 4096);
  } else {
    const std::string text = dice.bytes(dice.below(dice.one_in(5) ? 9000 : 40));
    if (::write(fd, text.data(), text.size()) < 0) ::ftruncate(fd, 1);
  }
  ::close(fd);
  files.push_back(path);
}

void Maker::entry(const std::string& path, int depth) {
  const std::size_t kind = dice.below(12);
  if (kind < 3 && depth > 0) {
    if (::mkdir(path.c_str(), 0755) != 0) return;
    for (std::size_t n = dice.below(5); n > 0; --n) entry(path + "/" + name(), depth - 1);
  } else if (kind == 3) {
    static const std::vector<std::string> targets = {"a", "../conf", "/etc/passwd", "no\nwhere ", "\xff", ".", "/"};
    const std::string target = dice.one_in(3) && !sentinel.empty() ? sentinel : dice.pick(targets);
    if (::symlink(target.c_str(), path.c_str()) != 0) return;
  } else if (kind == 4 && dice.one_in(2)) {
    if (::mkfifo(path.c_str(), 0600) != 0) return;
  } else if (kind == 5 && root_user && dice.one_in(2)) {
    const mode_t type = dice.one_in(2) ? S_IFCHR : S_IFBLK;
    if (::mknod(path.c_str(), type | 0600, makedev(1, static_cast<unsigned>(dice.below(9)))) != 0) return;
  } else if (kind == 6 && !files.empty()) {
    if (::link(dice.pick(files).c_str(), path.c_str()) != 0) return;
  } else {
    file(path);
  }
  dress(path);
}

void Maker::dress(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return;
  if (root_user && dice.one_in(3)) {
    // A refused change leaves the entry as it is, which is a state like any other.
    if (::lchown(path.c_str(), static_cast<uid_t>(dice.below(4) * 1000), static_cast<gid_t>(dice.below(4) * 7)) != 0)
      return;
  }
  if (S_ISLNK(info.st_mode)) return;
  if (attributes && dice.one_in(4) && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))) {
    static const std::vector<std::string> names = {"user.note", "user.odd name", "user.n\\\n=1"};
    const std::string value = dice.bytes(dice.below(20));
    ::setxattr(path.c_str(), dice.pick(names).c_str(), value.data(), value.size(), 0);
  }
  if (attributes && dice.one_in(6) && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))) {
    const std::string blob =
        acl(static_cast<std::uint16_t>(dice.below(8)), static_cast<std::uint32_t>(dice.below(3) * 50));
    ::setxattr(path.c_str(), "system.posix_acl_access", blob.data(), blob.size(), 0);
    if (S_ISDIR(info.st_mode) && dice.one_in(2))
      ::setxattr(path.c_str(), "system.posix_acl_default", blob.data(), blob.size(), 0);
  }
  if (attributes && root_user && S_ISREG(info.st_mode) && dice.one_in(8)) {
    const std::string capability("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    ::setxattr(path.c_str(), "security.capability", capability.data(), capability.size(), 0);
  }
  if (dice.one_in(2)) {
    static const std::vector<mode_t> modes = {0644,  0600,  0755, 0700, 0750, 0777, 04755,
                                              02711, 01777, 0444, 0555, 0,    06000};
    const mode_t own = !readable || root_user ? 0 : S_ISDIR(info.st_mode) ? 0700 : 0600;
    ::chmod(path.c_str(), dice.pick(modes) | own);
  }
  if (dice.one_in(2)) {
    const timespec when{static_cast<time_t>(dice.below(2000000000)), static_cast<long>(dice.below(1000000000))};
    const timespec times[2] = {when, when};
    ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
  }
}

}  // namespace belay::test
