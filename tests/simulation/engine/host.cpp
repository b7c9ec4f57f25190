#include "tests/simulation/engine/host.hpp"

#include <fmt/format.h>

#include "daemon/base/digest.hpp"

namespace belay::simulated {
namespace {

constexpr Millis boot_time = 20'000;
constexpr Millis stall_time = 60'000;

}  // namespace

Host::Host(std::string name, Setting& setting) : name_(std::move(name)), setting_(setting) {
  disk.forgets_directories = setting.switches.no_directory_sync;
}

void Host::become(const Host& other) {
  disk = other.disk;
  disk.forgets_directories = setting_.switches.no_directory_sync;
  truth_ = other.truth_;
  fenced_ = other.fenced_;
}

void Host::attach(const std::shared_ptr<Line>& line) {
  std::erase_if(lines_, [](const auto& one) { return one.expired(); });
  lines_.push_back(line);
}

// A host that is away twice while it is put back may be given up (reduce::give_up_after): then exit 3 is the truth.
void Host::be_away() {
  if (++outages_ > 1) setting_.hard = troubled = true;
}

void Host::partition(Millis duration) {
  be_away();
  away_until_ = std::max(away_until_, setting_.time.now() + duration);
  for (const auto& one : std::exchange(lines_, {}))
    if (const auto line = one.lock(); line && line->open) line->cut("the network is gone");
}

void Host::deliver(Request request, std::function<void(std::string)> reply) {
  auto out = std::make_shared<Reply>(request.nonce);
  const std::string verb = request.verb();
  spawn(
      verb, [this, request = std::move(request), out](Process& self) { return leash(self, request, out); },
      [out, reply = std::move(reply)](int rc) { reply(rc < 0 ? std::string() : out->finish(rc)); });
}

int Host::spawn(std::string what, Body body, std::function<void(int)> ended) {
  const int pid = ++last_pid_;
  auto process = std::make_unique<Process>();
  process->pid = pid;
  process->what = std::move(what);
  process->ended = std::move(ended);
  process->body = body(*process);
  process->leaf = process->body.handle();
  processes_.emplace(pid, std::move(process));
  setting_.time.after(1, [this, pid] { resume(pid); });
  return pid;
}

void Host::Pause::await_suspend(std::coroutine_handle<> leaf) {
  process.leaf = leaf;
  process.counts = counts;
  host.setting_.time.after(time, [&on = host, pid = process.pid] { on.resume(pid); });
}

void Host::Ended::await_suspend(std::coroutine_handle<> leaf) {
  process.leaf = leaf;
  host.processes_.at(pid)->waiters.push_back(process.pid);
}

void Host::resume(int pid) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return;
  Process& self = *found->second;
  if (std::exchange(self.counts, false)) {
    switch (setting_.chance.ask(Site::tick, 8)) {
      case 1:
        return power_cut(Loss::all);
      case 2:
        return power_cut(Loss::none);
      case 3:
        return power_cut(Loss::mixed);
      case 4:
        return power_cut(Loss::mixed_other);
      case 5:
        return kill(pid, "the kernel ran out of memory");
      case 6:
        setting_.note(fmt::format("{}: {} stands still for {} ms", name_, self.what, stall_time));
        setting_.time.after(stall_time, [this, pid] { resume(pid); });
        return;
      case 7:
        setting_.note(fmt::format("{}: no space is left for {}", name_, self.what));
        self.full = true;
        break;
      default:
        break;
    }
  }
  self.leaf.resume();
  if (self.body.done()) end(pid, self.body.result());
}

void Host::end(int pid, int rc) {
  auto node = processes_.extract(pid);
  if (lock_holder_ == pid) lock_holder_ = 0;
  std::erase_if(gates_, [&](const auto& one) { return one.second == pid; });
  std::erase_if(dead_men_, [&](const auto& one) { return one.second == pid; });
  std::erase_if(runners_, [&](const auto& one) { return one.second == pid; });
  const Process& self = *node.mapped();
  if (rc != 0) setting_.note(fmt::format("{}: {} ended with {}", name_, self.what, rc));
  for (const int waiter : self.waiters) setting_.time.after(1, [this, waiter] { resume(waiter); });
  if (self.ended) self.ended(rc);
}

void Host::kill(int pid, const char* why) {
  if (!alive(pid)) return;
  setting_.note(fmt::format("{}: {} is killed: {}", name_, processes_.at(pid)->what, why));
  end(pid, -1);
}

void Host::power_cut(Loss loss) {
  setting_.note(fmt::format("{}: power cut ({})", name_, static_cast<int>(loss)));
  be_away();
  processes_.clear();
  gates_.clear();
  dead_men_.clear();
  runners_.clear();
  lock_holder_ = 0;
  up_ = false;
  disk.power_cut(loss);
  if (epoch() < fenced_ && !setting_.switches.no_fence)
    violate(fmt::format("I6: after a power cut the epoch is {}, and {} had been accepted", epoch(), fenced_));
  for (const auto& one : std::exchange(lines_, {}))
    if (const auto line = one.lock(); line && line->open) line->cut("the host is gone");
  setting_.time.after(boot_time, [this] { start_up(); });
}

void Host::start_up() {
  up_ = true;
  ++boot_;
  booted_ = setting_.time.now();
  setting_.note(fmt::format("{}: is up again", name_));
  if (!boot_hook) return;
  std::set<std::string> runs;
  for (const auto& [dir, truth] : truth_) runs.insert(Disk::directory_of(dir));
  for (const std::string& run : runs)
    if (!steps_of(run, "armed").empty() || !steps_of(run, "firing").empty()) ensure_dead_man(run);
}

void Host::kill_op(const std::string& dir) {
  for (const auto& [pid, process] : processes_)
    if (process->op_dir == dir) return kill(pid, "the kernel ran out of memory");
}

void Host::fill(const std::string& dir) {
  for (const auto& [pid, process] : processes_)
    if (process->op_dir == dir) process->full = true;
}

void Host::damage(const std::string& dir) {
  if (!has_copies) setting_.hard = troubled = true;
  disk.settle(dir + "/snap/data", "damaged");
  truth_of(dir).damaged = true;
  setting_.note(fmt::format("{}: the snapshot in {} is damaged", name_, dir));
}

Act<int> Host::lock(Process& self, Millis patience) {
  const Millis until = setting_.time.now() + patience;
  while (lock_holder_ != 0) {
    if (setting_.time.now() >= until) co_return 75;
    co_await pause(self, 50);
  }
  lock_holder_ = self.pid;
  co_return 0;
}

Act<int> Host::gate(Process& self, std::string run) {
  while (gates_.contains(run)) co_await pause(self, 50);
  gates_[run] = self.pid;
  co_return 0;
}

Act<int> Host::put(Process& self, std::string path, std::string value) {
  co_await tick(self);
  if (self.full) co_return 74;
  disk.write(path + ".tmp", value + '\n');
  co_await tick(self);
  disk.sync(path + ".tmp");
  disk.rename(path + ".tmp", path);
  co_await tick(self);
  disk.sync_directory(Disk::directory_of(path));
  co_return 0;
}

std::uint64_t Host::epoch() const {
  const auto text = disk.read(std::string(base_directory) + "/epoch");
  return text && !text->empty() ? std::stoull(*text) : 0;
}

std::string Host::token(const std::string& dir) const {
  for (const char* one : {"restored", "firing", "committed", "armed"})
    if (disk.exists(dir + '/' + one)) return one;
  return "none";
}

bool Host::working() const {
  for (const auto& [pid, process] : processes_)
    if (!process->op_dir.empty()) return true;
  return false;
}

std::string Host::state_of(const std::string& path) const {
  const auto content = disk.read(path);
  return content ? "f " + *content : "-";
}

std::string Host::snapshot_state(const std::string& dir) const {
  return disk.read(dir + "/snap/data").value_or("nothing");
}

std::string Host::sums(const std::string& dir) const {
  std::string out;
  for (const char* file : {"data", "MANIFEST"})
    out += fmt::format("{}  ./{}\n", sha256(disk.read(dir + "/snap/" + file).value_or("")).hex(), file);
  return out;
}

bool Host::snapshot_intact(const std::string& dir) const {
  const auto complete = disk.read(dir + "/snap/COMPLETE");
  const auto data = disk.read(dir + "/snap/data");
  const auto found = truth_.find(dir);
  return complete && data && *complete == sha256(sums(dir)).hex() + '\n' && found != truth_.end() &&
         found->second.captured == *data;
}

void Host::violate(const std::string& what) const {
  const std::size_t colon = what.find(':');
  throw Violation(fmt::format("{}: on {}{}", what.substr(0, colon), name_, what.substr(colon)));
}

}  // namespace belay::simulated
