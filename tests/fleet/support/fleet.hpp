// Fleet: machines of one kind on a network that nothing else is on, for one test, and the place that a Train takes them
// for. The network is the one that lab.sh made; the machines' disks come from tools/fleet-image.sh.
//
// The constructor boots all machines, called NAME1, NAME2, …, at the same time, and returns when every sshd greets; it
// throws std::runtime_error with the reason when this process is not in a lab, when the disks are not there, or when a
// machine does not come up. Must outlive the Train that uses it. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/fleet/support/machine.hpp"
#include "tests/support/train/train.hpp"

namespace belay::test {

class Fleet {
 public:
  explicit Fleet(int machines, Machine::Kind kind = Machine::Kind::debian, std::string name = "dev");
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;
  ~Fleet() = default;

  // From 1, as their names are.
  [[nodiscard]] Machine& machine(int number) { return *machines_.at(static_cast<std::size_t>(number) - 1); }
  [[nodiscard]] std::vector<std::unique_ptr<Machine>>& machines() { return machines_; }
  // An environment whose hosts are these machines, reached through their proxies; `more` as in Place.
  [[nodiscard]] Place place(const std::string& more = {}) const;
  // What stands on all disks now survives a power cut.
  void sync() const;

 private:
  struct Scratch {
    Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch();
    std::filesystem::path path;
  };

  std::string name_;
  Scratch scratch_;
  std::vector<std::unique_ptr<Machine>> machines_;
};

}  // namespace belay::test
