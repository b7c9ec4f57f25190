#include "tests/fleet/support/disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "tests/support/sshd/sshd.hpp"
#include "tests/support/train/command.hpp"

namespace belay::test {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fails(const char* what, const fs::path& path) {
  throw std::runtime_error(fmt::format("{} {}: {}", what, path.string(), std::strerror(errno)));
}

// A descriptor that is closed again.
class Opened {
 public:
  Opened(const fs::path& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    if (fd_ < 0) fails("open", path);
  }
  ~Opened() { close(fd_); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

constexpr const char* filler = "filler";

}  // namespace

Disk::Disk(const fs::path& image, fs::path file, fs::path at) : file_(std::move(file)), at_(std::move(at)) {
  run({"/bin/cp", "--sparse=always", "--reflink=auto", image, file_});
  fs::create_directory(at_);
  mount();
}

Disk::~Disk() {
  // Nothing on it is wanted any more.
  if (mounted_) umount2(at_.c_str(), MNT_DETACH);
}

void Disk::mount() {
  run({"/bin/mount", "-t", "ext4", "-o", "loop,commit=300", file_, at_});
  mounted_ = true;
}

void Disk::unmount() {
  // What a machine that was just killed had mounted goes a moment after its processes.
  if (!until([&] { return umount2(at_.c_str(), 0) == 0; })) fails("umount", at_);
  mounted_ = false;
  // A second mount beside the first, on a second loop device, would tear the file system apart.
  if (!until([&] { return run({"/sbin/losetup", "--noheadings", "--list", "-j", file_}).empty(); }))
    throw std::runtime_error("the loop device of " + file_.string() + " does not let go");
}

void Disk::cut() {
  {
    // FS_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH, which <linux/fs.h> of Debian 12 does not name.
    constexpr unsigned long request = _IOR('X', 125, std::uint32_t);
    const std::uint32_t without_flush = 2;
    const Opened root(at_, O_RDONLY | O_DIRECTORY);
    if (ioctl(root.get(), request, &without_flush) != 0) fails("shut down the file system of", at_);
  }
  unmount();
}

void Disk::sync() const {
  const Opened root(at_, O_RDONLY | O_DIRECTORY);
  if (syncfs(root.get()) != 0) fails("sync", at_);
}

void Disk::fill(std::uint64_t left) const {
  const Opened file(at_ / filler, O_WRONLY | O_CREAT);
  // How much a file system has left is only known when it refuses.
  off_t size = 0;
  for (off_t piece = off_t{1} << 28; piece >= 4096; piece /= 2)
    while (posix_fallocate(file.get(), size, piece) == 0) size += piece;
  if (ftruncate(file.get(), size - static_cast<off_t>(left)) != 0) fails("give back room on", at_);
}

void Disk::give_back() const { fs::remove(at_ / filler); }

void Disk::fail() const { run({"/bin/mount", "-o", "remount,abort", at_}); }

}  // namespace belay::test
