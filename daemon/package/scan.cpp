#include "daemon/package/scan.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <tuple>

#include "daemon/base/escape.hpp"
#include "daemon/package/paths.hpp"

namespace belay::package {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// The names in an open directory, sorted.
Result<std::vector<std::string>> names_in(const Fd& directory, const std::string& shown) {
  Fd again(::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again.valid()) return io_error("read", shown);
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(again.get()));
  if (!stream) return io_error("read", shown);
  std::ignore = again.release();  // the stream closes it
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return io_error("read", shown);
  std::ranges::sort(names);
  return names;
}

Result<std::string> link_target(const Fd& directory, const std::string& name, const std::string& path) {
  std::string target(4096, '\0');
  const ssize_t length = ::readlinkat(directory.get(), name.c_str(), target.data(), target.size());
  if (length < 0) return io_error("read the link", path);
  target.resize(static_cast<std::size_t>(length));
  return target;
}

Result<Fd> open_member(const Fd& directory, const std::string& name, const std::string& path) {
  Fd file(::openat(directory.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid()) return io_error("open", path);
  return file;
}

using Piece = std::function<Result<void>(std::string_view)>;

// Size and digest of what is really there, read to the end.
Result<void> read_through(const Fd& file, Member& member, const Piece& piece) {
  Hasher hasher;
  std::vector<char> buffer(256 * 1024);
  member.size = 0;
  for (;;) {
    BELAY_TRY(const std::size_t got, read_at(file, buffer.data(), buffer.size(), member.size, member.path));
    const std::string_view data(buffer.data(), got);
    hasher.update(data);
    if (piece && got > 0) BELAY_TRYV(piece(data));
    member.size += got;
    if (got < buffer.size()) break;
  }
  member.digest = hasher.finish();
  return {};
}

class Walk {
 public:
  Walk(const Limits& limits, std::vector<Member>& members) : limits_(limits), members_(members) {}

  Result<void> directory(const Fd& parent, const std::string& name, const std::string& path) {
    BELAY_TRYV(check_path(path));
    const Fd here(::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!here.valid()) return io_error("open", path);
    BELAY_TRYV(add(Member{.path = path, .type = MemberType::directory, .mode = 0755}));
    BELAY_TRY(const auto names, names_in(here, path));
    for (const auto& child : names) BELAY_TRYV(entry(here, child, path + "/" + child));
    return {};
  }

 private:
  Result<void> entry(const Fd& parent, const std::string& name, const std::string& path) {
    struct stat status{};
    if (::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return io_error("read", path);
    if (S_ISDIR(status.st_mode)) return directory(parent, name, path);
    if (S_ISLNK(status.st_mode)) {
      BELAY_TRY(auto target, link_target(parent, name, path));
      return add(Member{.path = path, .type = MemberType::symlink, .mode = 0777, .target = std::move(target)});
    }
    if (!S_ISREG(status.st_mode)) {
      return fail(Kind::invalid, fmt::format("\"{}\" is a device, a socket or a fifo", show(path)),
                  "A package holds only files, directories and symlinks.");
    }
    Member member{.path = path, .mode = (status.st_mode & S_IXUSR) != 0 ? 0755U : 0644U};
    BELAY_TRYV(check_path(path));
    BELAY_TRY(const Fd file, open_member(parent, name, path));
    BELAY_TRYV(read_through(file, member, {}));
    return add(std::move(member));
  }

  Result<void> add(Member member) {
    if (members_.size() >= limits_.members) {
      return fail(Kind::refused, fmt::format("there are more than {} files and directories", limits_.members),
                  "Pack many small files into one archive that a step unpacks.");
    }
    members_.push_back(std::move(member));
    return {};
  }

  const Limits& limits_;
  std::vector<Member>& members_;
};

// Reads a text and fills size and digest of its member.
Result<std::string> read_member_text(const Fd& root, Member& member, const std::filesystem::path& directory,
                                     const Limits& limits) {
  const std::string shown = (directory / member.path).string();
  BELAY_TRY(const Fd file, open_member(root, member.path, shown));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(Kind::invalid, fmt::format("{} is not a regular file", show(shown)));
  }
  std::string text;
  BELAY_TRYV(read_through(file, member, [&](std::string_view data) -> Result<void> {
    text += data;
    if (text.size() <= limits.text_bytes) return {};
    return fail(Kind::refused, fmt::format("{} has more than {}", show(shown), size_text(limits.text_bytes)),
                "Move large contents into payload files.");
  }));
  return text;
}

Result<Fd> open_root(const std::filesystem::path& directory) {
  Fd root(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return io_error("open", directory.string());
  return root;
}

}  // namespace

Result<std::string> read_text(const std::filesystem::path& directory, std::string_view name, const Limits& limits) {
  BELAY_TRY(const Fd root, open_root(directory));
  Member member{.path = std::string(name), .mode = 0644};
  return read_member_text(root, member, directory, limits);
}

Result<Scan> scan(const std::filesystem::path& directory, const Release* release, const Limits& limits) {
  Scan out;
  out.directory = directory;
  BELAY_TRY(out.root, open_root(directory));
  out.members.push_back(Member{.path = std::string(release_path), .mode = 0644});
  out.members.push_back(Member{.path = std::string(playbook_path), .mode = 0644});
  BELAY_TRY(out.release_text, read_member_text(out.root, out.members[0], directory, limits));
  BELAY_TRY(out.playbook_text, read_member_text(out.root, out.members[1], directory, limits));
  BELAY_TRY(const auto names, names_in(out.root, directory.string()));
  for (const auto& name : names) {
    if (name == payload_root) {
      BELAY_TRYV(Walk(limits, out.members).directory(out.root, name, name));
    } else if (name != release_path && name != playbook_path && !name.starts_with('.')) {
      out.ignored.push_back(name);
    }
  }
  std::ranges::sort(out.members.begin() + 2, out.members.end(), {}, &Member::path);
  if (release != nullptr) {
    for (Member& member : out.members) {
      auto declared = release->modes.find(member.path);
      if (declared == release->modes.end() || member.type == MemberType::symlink) continue;
      BELAY_TRY(member.mode, parse_mode(declared->second));
    }
  }
  BELAY_TRYV(check_members(out.members, limits));
  return out;
}

Result<void> stream_file(const Scan& scan, const Member& member,
                         const std::function<Result<void>(std::string_view)>& piece) {
  BELAY_TRY(const Fd file, open_member(scan.root, member.path, member.path));
  Member now{.path = member.path};
  BELAY_TRYV(read_through(file, now, piece));
  if (now.digest == member.digest && now.size == member.size) return {};
  return fail(Kind::integrity, fmt::format("\"{}\" was changed while it was being packed", show(member.path)),
              "Wait until nothing writes to the directory, and build again.");
}

}  // namespace belay::package
