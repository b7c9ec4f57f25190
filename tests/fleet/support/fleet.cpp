#include "tests/fleet/support/fleet.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>

namespace belay::test {

namespace fs = std::filesystem;

namespace {

// The network between this process and the machines; one for the life of the process.
void make_bridge() {
  if (fs::exists("/proc/sys/net/ipv4/conf/fleet")) return;
  run({"/sbin/ip", "link", "add", "fleet", "type", "bridge"});
  run({"/sbin/ip", "address", "add", "10.77.0.1/24", "dev", "fleet"});
  run({"/sbin/ip", "link", "set", "fleet", "up"});
}

fs::path images() {
  std::string where = run({BELAY_SOURCE_DIR "/tools/fleet-image.sh", "--where"});
  where.pop_back();
  if (!fs::exists(fs::path(where) / "complete"))
    throw std::runtime_error("the machines' disks are not made yet; run tools/fleet-image.sh");
  return where;
}

}  // namespace

Fleet::Scratch::Scratch() {
  std::string name = (fs::temp_directory_path() / "belay-fleet-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path = name;
}

Fleet::Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

Fleet::Fleet(int machines, Machine::Kind kind, std::string name) : name_(std::move(name)) {
  if (std::getenv("BELAY_FLEET_LAB") == nullptr)
    throw std::runtime_error(
        "machines are only booted in a network of their own; run this program by tests/fleet/lab.sh");
  make_bridge();
  for (int i = 1; i <= machines; ++i)
    machines_.push_back(std::make_unique<Machine>(kind, name_ + std::to_string(i), i, images(), scratch_.path));
  for (const auto& machine : machines_) machine->power_on();
  for (const auto& machine : machines_) machine->wait_until_up();
}

Place Fleet::place(const std::string& more) const {
  Place out{.name = name_, .hosts = 0, .more = more};
  for (const auto& machine : machines_)
    out.machines.push_back({.port = machine->proxy().port(),
                            .host_key = machine->host_key(),
                            .disk = machine->disk().at(),
                            .authorized_keys = machine->disk().at() / "root/.ssh/authorized_keys"});
  return out;
}

void Fleet::sync() const {
  for (const auto& machine : machines_) machine->disk().sync();
}

}  // namespace belay::test
