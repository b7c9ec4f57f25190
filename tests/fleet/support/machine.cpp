#include "tests/fleet/support/machine.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/sshd/sshd.hpp"

namespace belay::test {

namespace fs = std::filesystem;

namespace {

const Words surroundings{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"};

// True when an SSH server greets there within a second.
bool greets(const std::string& address) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(22);
  inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  char word[4] = {};
  const bool greeted = poll(&wait, 1, 1000) == 1 && recv(fd, word, sizeof word, MSG_WAITALL) == sizeof word &&
                       std::string(word, sizeof word) == "SSH-";
  close(fd);
  return greeted;
}

// A container keeps what was mounted around it when it began, out of its own sight; so it must not see its siblings'
// disks, or they could never be unmounted. $1 is the directory of all disks, $2 its own.
constexpr const char* alone =
    "for disk in \"$1\"/*/; do [ \"${disk%/}\" = \"$2\" ] || umount \"$disk\" 2>/dev/null || :; done; shift 2; exec "
    "\"$@\"";

std::string image_of(Machine::Kind kind) { return kind == Machine::Kind::debian ? "debian.ext4" : "busybox.ext4"; }

}  // namespace

Machine::Machine(Kind kind, std::string name, int number, const fs::path& images, const fs::path& directory)
    : kind_(kind),
      name_(std::move(name)),
      address_(fmt::format("10.77.0.{}", 10 + number)),
      directory_(directory),
      disk_(images / image_of(kind), directory / (name_ + ".ext4"), directory / name_),
      group_(fmt::format("{}-{}", directory.filename().string(), name_)),
      proxy_(22, address_) {
  write_identity();
}

Machine::~Machine() {
  if (!container_) return;
  if (const pid_t first = first_process(); first > 0) ::kill(first, SIGKILL);
  container_->finish();
}

void Machine::write_identity() {
  const fs::path root = disk_.at();
  if (kind_ == Kind::debian) {
    spill(root / "etc/systemd/network/10-host0.network",
          fmt::format("[Match]\nName=host0\n\n[Network]\nAddress={}/24\nLinkLocalAddressing=no\n", address_));
    std::string id = test::run({"/usr/bin/sha256sum", root / "etc/systemd/network/10-host0.network"}).substr(0, 32);
    spill(root / "etc/machine-id", id + "\n");
    spill(root / "etc/hostname", name_ + "\n");
  } else {
    spill(root / "etc/address", address_ + "/24\n");
  }
  test::run({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name_, "-f",
             root / "etc/ssh/ssh_host_ed25519_key"});
  spill(root / "root/.ssh/authorized_keys", "");
  fs::permissions(root / "root/.ssh", fs::perms::owner_all);
  disk_.sync();
}

std::string Machine::host_key() const {
  std::istringstream line(slurp(disk_.at() / "etc/ssh/ssh_host_ed25519_key.pub"));
  std::string type;
  std::string blob;
  line >> type >> blob;
  return type + " " + blob;
}

void Machine::power_on() {
  if (container_) throw std::runtime_error(name_ + " runs already");
  if (!disk_.mounted()) disk_.mount();
  // Time since boot begins at nothing, as it does on a machine; containers would share this machine's.
  const std::string uptime = slurp("/proc/uptime");
  const std::string back = "-" + uptime.substr(0, uptime.find('.'));
  const fs::path log = directory_ / (name_ + ".console");
  container_.emplace(group_.around({"unshare",
                                    "--mount",
                                    "--time",
                                    "--boottime",
                                    back,
                                    "--monotonic",
                                    back,
                                    "sh",
                                    "-c",
                                    alone,
                                    "sh",
                                    directory_,
                                    disk_.at(),
                                    "systemd-nspawn",
                                    "--quiet",
                                    "--boot",
                                    "--register=no",
                                    "--keep-unit",
                                    "--settings=no",
                                    "--resolv-conf=off",
                                    "--timezone=off",
                                    "--link-journal=no",
                                    "--console=pipe",
                                    "--network-bridge=fleet",
                                    "--hostname=" + name_,
                                    fmt::format("--machine={}-{}", directory_.filename().string(), name_),
                                    "--directory=" + disk_.at().string()}),
                     surroundings, log, log);
}

void Machine::wait_until_up() {
  if (until([&] { return greets(address_) || !running(); }) && running()) return;
  throw std::runtime_error(name_ + " does not come up; its console said:\n" + console());
}

void Machine::start() {
  power_on();
  wait_until_up();
}

// The only child of the container's manager.
pid_t Machine::first_process() const {
  const pid_t manager = container_->pid();
  std::istringstream children(slurp(fmt::format("/proc/{0}/task/{0}/children", manager)));
  pid_t first = -1;
  children >> first;
  return first;
}

bool Machine::running() { return container_ && container_->running(); }

void Machine::ended() {
  container_->finish();
  container_.reset();
}

void Machine::power_cut() {
  const pid_t first = container_ ? first_process() : -1;
  if (first <= 0) throw std::runtime_error(name_ + " does not run: " + console());
  // The kernel ends all others before this one can be waited for.
  ::kill(first, SIGKILL);
  ended();
  disk_.cut();
}

void Machine::shutdown() {
  if (!running()) throw std::runtime_error(name_ + " does not run: " + console());
  const pid_t first = first_process();
  // What an init takes for "power off": systemd's own signal, BusyBox's is SIGUSR2.
  ::kill(first, kind_ == Kind::debian ? SIGRTMIN + 4 : SIGUSR2);
  if (!until([&] { return !running(); })) throw std::runtime_error(name_ + " does not shut down: " + console());
  ended();
  disk_.unmount();
}

void Machine::reboot() {
  shutdown();
  start();
}

std::string Machine::boot_id() { return ask({"cat", "/proc/sys/kernel/random/boot_id"}); }

Outcome Machine::run(const Words& argv) {
  const pid_t first = container_ ? first_process() : -1;
  if (first <= 0) throw std::runtime_error(name_ + " does not run: " + console());
  Words words{"nsenter", "--all", fmt::format("--target={}", first), "--"};
  words.insert(words.end(), argv.begin(), argv.end());
  const fs::path said = directory_ / fmt::format("{}.command.{}", name_, ++commands_);
  return Child(words, surroundings, said.string() + ".out", said.string() + ".err").finish();
}

std::string Machine::ask(const Words& argv) {
  const Outcome out = run(argv);
  if (out.code != 0)
    throw std::runtime_error(fmt::format("{} on {}: exit {}, {}", fmt::join(argv, " "), name_, out.code, out.all()));
  return out.out;
}

void Machine::step_clock(std::chrono::seconds ahead) {
  const fs::path root = disk_.at();
  const fs::path library = "/usr/lib/wall_clock.so";
  if (!fs::exists(root / library.relative_path())) fs::copy_file(BELAY_WALL_CLOCK, root / library.relative_path());
  spill(root / "etc/clock-offset", fmt::format("{}\n", ahead.count()));
  spill(root / "etc/ld.so.preload", library.string() + "\n");
}

std::string Machine::console() const { return slurp(directory_ / (name_ + ".console")); }

}  // namespace belay::test
