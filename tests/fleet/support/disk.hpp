// Disk: a real ext4 file system of a machine, in a file, mounted through a loop device where the test can read it too.
//
// What a power cut takes is what this file system had not written: cut() stops it as it stands, without a last sync,
// and throws away everything that only memory knew. The next mount replays its journal, as after a real power cut. It
// is mounted so that it writes by itself only every five minutes; what was never synced is as good as surely lost. Not
// covered: a drive that loses or reorders what it said it had written; what reached the loop device stays.
//
// Every function throws std::runtime_error with what the system said. No process may use the disk while it is
// unmounted or cut. One thread.
#pragma once

#include <cstdint>
#include <filesystem>

namespace belay::test {

class Disk {
 public:
  // Copies the image to `file` and mounts it on `at`, a directory that is made.
  Disk(const std::filesystem::path& image, std::filesystem::path file, std::filesystem::path at);
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  ~Disk();

  // The root directory of the machine, as this process sees it.
  [[nodiscard]] const std::filesystem::path& at() const { return at_; }
  [[nodiscard]] bool mounted() const { return mounted_; }
  void mount();
  void unmount();
  void cut();
  // Everything that stands on it now survives a cut.
  void sync() const;
  // Takes all room but `left` bytes, with a file of no use; give_back() removes it.
  void fill(std::uint64_t left) const;
  void give_back() const;
  // What the kernel does after an error of the device: the file system takes no further write, until the next mount.
  void fail() const;

 private:
  std::filesystem::path file_;
  std::filesystem::path at_;
  bool mounted_ = false;
};

}  // namespace belay::test
