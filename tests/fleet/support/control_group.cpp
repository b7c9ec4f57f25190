#include "tests/fleet/support/control_group.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace belay::test {

namespace fs = std::filesystem;

namespace {

// Where this process is: in the unified hierarchy, and on older set-ups in systemd's own as well.
std::vector<fs::path> here() {
  const fs::path root = "/sys/fs/cgroup";
  std::vector<fs::path> out;
  std::istringstream lines(slurp("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const std::string group = line.substr(line.rfind(':') + 2);
    if (line.starts_with("0::"))
      out.push_back((fs::exists(root / "unified") ? root / "unified" : root) / group);
    else if (line.find(":name=systemd:") != std::string::npos)
      out.push_back(root / "systemd" / group);
  }
  return out;
}

// Only directories can be removed in a hierarchy, the innermost first.
bool remove_below(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> inner;
  for (const auto& entry : fs::directory_iterator(directory, error))
    if (entry.is_directory()) inner.push_back(entry.path());
  bool gone = true;
  for (const fs::path& path : inner) gone = remove_below(path) && gone;
  fs::remove(directory, error);
  return gone && !error;
}

}  // namespace

ControlGroup::ControlGroup(const std::string& name) {
  for (const fs::path& parent : here()) {
    std::error_code error;
    fs::create_directory(parent / name, error);
    if (error) throw std::runtime_error("no control group " + (parent / name).string() + ": " + error.message());
    directories_.push_back(parent / name);
  }
  if (directories_.empty()) throw std::runtime_error("this machine has no control groups that systemd can use");
}

ControlGroup::~ControlGroup() {
  // A process that was killed leaves its group a moment later.
  for (const fs::path& directory : directories_) static_cast<void>(until([&] { return remove_below(directory); }));
}

Words ControlGroup::around(const Words& argv) const {
  Words out{"/bin/sh", "-c",
            "while [ \"$1\" != -- ]; do echo $$ >\"$1/cgroup.procs\" || exit 127; shift; done; shift; exec \"$@\"",
            "sh"};
  for (const fs::path& directory : directories_) out.push_back(directory);
  out.push_back("--");
  out.insert(out.end(), argv.begin(), argv.end());
  return out;
}

}  // namespace belay::test
