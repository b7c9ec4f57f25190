// Machine: a whole machine of the fleet. Its own init as process 1 (systemd, or BusyBox's), its own sshd and host key,
// its own process tree, network address, boot id and uptime, on a disk of its own. Boots in about a second.
//
// What it shares with this machine and with its siblings is the kernel: the wall clock (see step_clock), the memory,
// and kernel settings that have no namespace. Constructed and destroyed by Fleet. Functions throw std::runtime_error
// with the machine's console when it does not do as asked. One thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/fleet/support/control_group.hpp"
#include "tests/fleet/support/disk.hpp"
#include "tests/support/proxy/proxy.hpp"
#include "tests/support/train/command.hpp"

namespace belay::test {

class Machine {
 public:
  enum class Kind : std::uint8_t {
    debian,   // Debian 12: systemd, OpenSSH, apt, coreutils, dash, acl, attr
    busybox,  // BusyBox as every tool and as init, flock, sshd; nothing else
  };

  // Makes the disk below `directory`; `number` (from 1) is its last address byte. It is off.
  Machine(Kind kind, std::string name, int number, const std::filesystem::path& images,
          const std::filesystem::path& directory);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::string host_key() const;  // "ssh-ed25519 AAAA…"
  // Its disk: also readable and writable for the test while it runs or is off.
  [[nodiscard]] Disk& disk() { return disk_; }
  [[nodiscard]] const Disk& disk() const { return disk_; }
  // What stands between everybody and its sshd: a port on loopback that misbehaves on demand.
  [[nodiscard]] Proxy& proxy() { return proxy_; }

  // Switches it on. power_on() returns at once, start() when its sshd greets.
  void power_on();
  void wait_until_up();
  void start();
  // Every process gone at one instant, and with them all that was not on the disk (see Disk). It stays off.
  void power_cut();
  // As its administrator would: services are stopped, disks synced. It stays off.
  void shutdown();
  void reboot();
  [[nodiscard]] bool running();
  [[nodiscard]] std::string boot_id();

  // A command on it as root, not through the network.
  Outcome run(const Words& argv);
  // The same, which has to end with 0; its output.
  std::string ask(const Words& argv);
  // From now on programs that start there see this wall clock: so many seconds ahead of the true one. Programs that run
  // already (sshd, init) see it after their next start. Survives reboots.
  void step_clock(std::chrono::seconds ahead);
  // What it printed at its console.
  [[nodiscard]] std::string console() const;

 private:
  void write_identity();
  void ended();
  [[nodiscard]] pid_t first_process() const;

  Kind kind_;
  std::string name_;
  std::string address_;
  std::filesystem::path directory_;
  Disk disk_;
  ControlGroup group_;
  Proxy proxy_;
  std::optional<Child> container_;
  int commands_ = 0;
};

}  // namespace belay::test
