// The dead-man's switch of a simulated host, as plugins/kit/verb/{arm,renew}.sh, gate.sh and deadman.sh.
#include <fmt/format.h>

#include <algorithm>

#include "tests/simulation/engine/host.hpp"

namespace belay::simulated {

Act<int> Host::arm(Process& self, std::string dir, std::uint64_t wanted, int seconds, std::shared_ptr<Reply> reply) {
  co_await tick(self);
  if (co_await lock(self, 10'000) != 0) co_return reply->fail(75, "this host is busy");
  co_await tick(self);
  if (epoch() != wanted && !setting_.switches.no_fence) co_return reply->fail(76, "another epoch");
  if (!disk.exists(dir + "/snap/COMPLETE")) co_return reply->fail(79, "there is no complete snapshot");
  const std::string run = Disk::directory_of(dir);
  co_await gate(self, run);
  if (token(dir) != "none" && token(dir) != "armed")
    co_return reply->fail(80, fmt::format("the token is \"{}\"", token(dir)));
  if (seconds > 0) {
    if (co_await put(self, dir + "/guarded", *disk.read(dir + "/snap/COMPLETE")) != 0 ||
        co_await extend(self, run, wanted, seconds) != 0)
      co_return reply->fail(74, "the deadline could not be written");
  } else if (disk.exists(dir + "/guarded")) {
    disk.remove(dir + "/guarded");
    disk.sync_directory(dir);
  }
  if (!disk.exists(dir + "/armed") && co_await put(self, dir + "/armed", "now") != 0)
    co_return reply->fail(74, "the step could not be armed");
  if (seconds > 0) ensure_dead_man(run);
  ungate(run);
  reply->add("token", token(dir));
  reply->add("deadman", seconds > 0 ? "shell" : "none");
  co_return 0;
}

Act<int> Host::renew(Process& self, std::string run, std::uint64_t wanted, int seconds, std::shared_ptr<Reply> reply) {
  co_await gate(self, run);
  co_await tick(self);
  if (epoch() != wanted && !setting_.switches.no_fence) co_return reply->fail(76, "another epoch");
  const auto armed = steps_of(run, "armed");
  std::string last = "none";
  for (const auto& [dir, truth] : truth_)
    if (Disk::directory_of(dir) == run && token(dir) != "none") last = token(dir);
  if (!armed.empty()) last = "armed";
  if (last == "firing" || last == "restored") co_return reply->fail(80, "the step is being put back");
  if (!armed.empty()) {
    const auto deadline = disk.read(run + "/deadline");
    if (deadline && !deadline->starts_with(boot_id() + ' '))
      co_return reply->fail(80, "this host was started anew since the step was armed");
    if (co_await extend(self, run, wanted, seconds) != 0) co_return reply->fail(74, "the deadline");
    ensure_dead_man(run);
  }
  ungate(run);
  reply->add("token", last);
  reply->add("deadman", armed.empty() ? "none" : "shell");
  co_return 0;
}

// The deadline never comes nearer.
Act<int> Host::extend(Process& self, std::string run, std::uint64_t wanted, int seconds) {
  const Millis limit = uptime() + static_cast<Millis>(seconds) * 1000;
  const auto before = disk.read(run + "/deadline");
  if (before && before->starts_with(boot_id() + ' ') && rest(run) >= limit - uptime()) co_return 0;
  co_return co_await put(self, run + "/deadline", fmt::format("{} {} {}", boot_id(), limit, wanted));
}

Millis Host::rest(const std::string& run) const {
  const auto deadline = disk.read(run + "/deadline");
  if (!deadline || !deadline->starts_with(boot_id() + ' ')) return 0;
  const Millis limit = std::stoll(deadline->substr(deadline->find(' ') + 1));
  return std::max<Millis>(limit - uptime(), 0);
}

// The guarded steps of a run with this token, the last one first.
std::vector<std::string> Host::steps_of(const std::string& run, const std::string& wanted) const {
  std::vector<std::string> out;
  for (const auto& [dir, truth] : truth_)
    if (Disk::directory_of(dir) == run && guarded(dir) && token(dir) == wanted) out.push_back(dir);
  std::ranges::reverse(out);
  return out;
}

void Host::ensure_dead_man(const std::string& run) {
  if (dead_men_.contains(run)) return;
  dead_men_[run] = spawn("dead-man", [this, run](Process& self) { return dead_man(self, run); });
}

Act<int> Host::dead_man(Process& self, std::string run) {
  while (true) {
    co_await gate(self, run);
    if (steps_of(run, "armed").empty() && steps_of(run, "firing").empty()) co_return 0;
    if (const Millis left = rest(run); left > 0) {
      ungate(run);
      co_await pause(self, std::min<Millis>(left, 5000));
      continue;
    }
    for (const std::string& dir : steps_of(run, "armed")) {
      co_await tick(self);
      // One rename decides: a commit may have been first.
      if (!disk.rename(dir + "/armed", dir + "/firing")) continue;
      setting_.note(fmt::format("{}: the dead-man takes {}", name_, dir));
      StepTruth& step = truth_of(dir);
      if (step.committed) violate(fmt::format("I7: step {} is taken after it was committed", step.step));
      step.taken = true;
      disk.sync_directory(dir);
      co_await put(self, dir + "/fired", "now");
    }
    ungate(run);
    for (const std::string& dir : steps_of(run, "firing"))
      if (!disk.exists(dir + "/needs-operator") && co_await put_back(self, dir) != 0) break;
    co_await pause(self, 1000);
    const auto waiting = steps_of(run, "firing");
    if (!waiting.empty() &&
        std::ranges::all_of(waiting, [&](const std::string& dir) { return disk.exists(dir + "/needs-operator"); }))
      co_return 0;
  }
}

// One attempt; 0 when nothing is left to do for this step.
Act<int> Host::put_back(Process& self, std::string dir) {
  if (disk.read(dir + "/guarded") != disk.read(dir + "/snap/COMPLETE").value_or("") + '\n') {
    co_await put(self, dir + "/needs-operator", "the snapshot is not the one that was armed");
    co_return 0;
  }
  std::vector<int> workers;
  for (const auto& [mark, pid] : runners_)
    if (Disk::directory_of(mark) == dir && !mark.ends_with("/restore") && !mark.ends_with("/undo") &&
        !mark.ends_with("/settle"))
      workers.push_back(pid);
  for (const int pid : workers) kill(pid, "the dead-man ends it");
  co_await tick(self);
  const auto rc = std::make_shared<int>(-1);
  const std::uint64_t now = epoch();
  const int pid = spawn(
      "undo " + dir.substr(dir.rfind('/') + 1),
      [=, this](Process& runner_process) { return runner(runner_process, dir, "undo", now, 0); },
      [rc](int status) { *rc = status; });
  co_await Ended{*this, self, pid};
  if (token(dir) != "firing") co_return 0;
  if (*rc == 0 && disk.read(dir + "/undo.rc") == "79\n") {
    co_await put(self, dir + "/needs-operator", "the snapshot is damaged");
    co_return 0;
  }
  co_await pause(self, 1000);
  co_return 1;
}

}  // namespace belay::simulated
