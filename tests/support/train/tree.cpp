#include "tests/support/train/tree.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace belay::test {

namespace fs = std::filesystem;

namespace {

std::string hex(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string attributes(const fs::path& path) {
  std::string names(64 << 10, '\0');
  const ssize_t size = llistxattr(path.c_str(), names.data(), names.size());
  if (size <= 0) return "-";
  names.resize(static_cast<std::size_t>(size));
  std::vector<std::string> all;
  std::istringstream list(names);
  for (std::string name; std::getline(list, name, '\0');) {
    std::string value(64 << 10, '\0');
    const ssize_t length = lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    value.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    all.push_back(name + "=" + hex(value));
  }
  std::ranges::sort(all);
  return fmt::format("{}", fmt::join(all, ","));
}

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  const std::string bytes = out.str();
  // The bytes themselves where a person may want to read them; else two independent sums over them.
  if (bytes.size() <= 256) return hex(bytes);
  std::uint64_t fnv = 1469598103934665603u;
  std::uint64_t mix = 88172645463325252u;
  for (const char c : bytes) {
    fnv = (fnv ^ static_cast<unsigned char>(c)) * 1099511628211u;
    mix = (mix << 7 | mix >> 57) * 0x9e3779b97f4a7c15u + static_cast<unsigned char>(c);
  }
  return fmt::format("{:x}/{:x}", fnv, mix);
}

std::string entry(const fs::path& path) {
  struct stat s{};
  if (lstat(path.c_str(), &s) != 0) return "vanished";
  const char* type = S_ISDIR(s.st_mode)    ? "directory"
                     : S_ISREG(s.st_mode)  ? "file"
                     : S_ISLNK(s.st_mode)  ? "link"
                     : S_ISFIFO(s.st_mode) ? "fifo"
                     : S_ISSOCK(s.st_mode) ? "socket"
                                           : "device";
  std::string out = fmt::format("{} mode={:04o} uid={} gid={}", type, s.st_mode & 07777u, s.st_uid, s.st_gid);
  if (S_ISREG(s.st_mode))
    out += fmt::format(" links={} size={} mtime={}.{:09} content={}", s.st_nlink, s.st_size, s.st_mtim.tv_sec,
                       s.st_mtim.tv_nsec, content(path));
  if (S_ISLNK(s.st_mode)) out += " target=" + fs::read_symlink(path).string();
  return out + " attributes=" + attributes(path);
}

}  // namespace

Tree tree_of(const fs::path& root) {
  Tree out;
  if (!fs::exists(fs::symlink_status(root))) return out;
  out["."] = entry(root);
  for (const auto& found : fs::recursive_directory_iterator(root))
    out[found.path().lexically_relative(root).string()] = entry(found.path());
  return out;
}

std::vector<std::string> differences(const Tree& before, const Tree& after) {
  std::vector<std::string> out;
  for (const auto& [path, was] : before) {
    const auto now = after.find(path);
    if (now == after.end())
      out.push_back(fmt::format("{} is gone; was {}", path, was));
    else if (now->second != was)
      out.push_back(fmt::format("{}\n  was {}\n  is  {}", path, was, now->second));
  }
  for (const auto& [path, is] : after)
    if (!before.contains(path)) out.push_back(fmt::format("{} is left over: {}", path, is));
  return out;
}

}  // namespace belay::test
