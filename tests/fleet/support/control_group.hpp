// ControlGroup: a group of processes for one machine, below the one this process is in. A machine's own systemd manages
// the group it finds itself in, so two machines must not share one.
//
// The constructor throws std::runtime_error when the kernel does not give it. Must be empty of processes when it goes;
// what the machine made below it goes too. One thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/train/command.hpp"

namespace belay::test {

class ControlGroup {
 public:
  explicit ControlGroup(const std::string& name);
  ControlGroup(const ControlGroup&) = delete;
  ControlGroup& operator=(const ControlGroup&) = delete;
  ~ControlGroup();

  // The command line that runs `argv` inside of it.
  [[nodiscard]] Words around(const Words& argv) const;

 private:
  std::vector<std::filesystem::path> directories_;  // one per hierarchy that systemd uses
};

}  // namespace belay::test
