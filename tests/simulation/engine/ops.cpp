// The runner and the scripts it runs: snap, apply, verify, restore, settle; and the checks at the moment of an effect.
#include <fmt/format.h>

#include "daemon/base/digest.hpp"
#include "tests/simulation/engine/host.hpp"

namespace belay::simulated {
namespace {

const std::string base = base_directory;
constexpr Millis half_of_an_apply = 12'000;

bool is_apply(const std::string& op) { return op.starts_with("apply"); }

}  // namespace

StepTruth& Host::truth_of(const std::string& dir) {
  StepTruth& step = truth_[dir];
  if (step.step == 0) {
    step.step = std::stoi(dir.substr(dir.rfind('/') + 1));
    step.target = disk.read(dir + "/p/to").value_or("");
  }
  return step;
}

std::string Host::content_of(const std::string& dir) const {
  if (const auto from = disk.read(dir + "/p/from")) return disk.read(base + "/blobs/" + *from).value_or("");
  return disk.read(dir + "/p/content").value_or("");
}

// As plugins/kit/runner.sh, line by line.
Act<int> Host::runner(Process& self, std::string dir, std::string op, std::uint64_t wanted, Millis limit) {
  const std::string mark = dir + '/' + op;
  const bool lax = setting_.switches.no_fence;
  co_await tick(self);
  if (setting_.switches.check_first) {
    if (epoch() != wanted && !lax) co_return 76;
    co_await tick(self);
  }
  if (co_await lock(self, 0) != 0) co_return 75;
  co_await tick(self);
  if (epoch() != wanted && !lax && !setting_.switches.check_first) co_return 76;
  self.epoch = wanted;
  if (!is_apply(op))
    for (const char* end : {".start", ".pid", ".rc"}) disk.remove(mark + end);
  if (disk.exists(mark + ".rc")) co_return 77;
  if (disk.exists(mark + ".start")) co_return 78;
  if (is_apply(op)) {
    if (!disk.exists(dir + "/snap/COMPLETE")) co_return 79;
    if (!disk.exists(dir + "/armed")) co_return 80;
  }
  if (self.full) co_return 74;
  disk.write(mark + ".start", "");
  co_await tick(self);
  disk.sync(mark + ".start");
  disk.sync_directory(dir);
  if (const int rc = co_await put(self, mark + ".pid", fmt::format("{} {} {}", boot_id(), self.pid, wanted)); rc != 0)
    co_return rc;
  runners_[mark] = self.pid;
  self.op_dir = dir;
  const Millis began = setting_.time.now();
  int rc = co_await script(self, dir, op);
  if (rc == 124) co_await pause(self, std::max<Millis>(began + limit - setting_.time.now(), 1));
  disk.write(mark + ".out", fmt::format("{} says {}\n", op, rc));
  self.op_dir.clear();
  co_return co_await put(self, mark + ".rc", std::to_string(rc));
}

Act<int> Host::script(Process& self, std::string dir, std::string op) {
  StepTruth& step = truth_of(dir);
  ++step.starts[op];
  if (is_apply(op)) {
    if (step.starts[op] > 1) violate(fmt::format("I4: {} of step {} is begun a second time", op, step.step));
    co_return co_await apply(self, dir);
  }
  if (op == "snap") co_return co_await snap(self, dir);
  if (op == "restore" || op == "undo") {
    if (op == "undo") {
      // Whoever had the lock before may have put the step back.
      if (!disk.exists(dir + "/firing")) co_return 0;
      if (!disk.exists(dir + "/fired")) co_await put(self, dir + "/fired", "now");
    }
    const int rc = co_await restore(self, dir, op == "restore");
    if (op == "restore" || rc != 0) co_return rc;
    const bool equal = manifest(dir) == disk.read(dir + "/snap/MANIFEST");
    co_await put(self, dir + "/deadman.proof", equal ? "equal" : "differs");
    co_await tick(self);
    disk.rename(dir + "/firing", dir + "/restored");
    disk.sync_directory(dir);
    co_return 0;
  }
  co_await pause(self, 200);
  const unsigned how = setting_.chance.ask(Site::script, op == "verify" ? 3 : 2);
  co_return how == 0 ? 0 : how == 1 ? 1 : 124;
}

Act<int> Host::snap(Process& self, std::string dir) {
  StepTruth& step = truth_of(dir);
  if (disk.exists(dir + "/snap/COMPLETE") && !setting_.switches.resnap) co_return 0;
  if (disk.exists(dir + "/apply.start") && !setting_.switches.resnap) co_return 1;
  if (setting_.chance.ask(Site::script, 2) == 1 || self.full) co_return 1;
  effect(self, step, EventType::snap_intent);
  if (disk.exists(dir + "/snap/COMPLETE"))
    violate(fmt::format("R4: the complete snapshot of step {} is taken again", step.step));
  const std::string data = state_of(step.target);
  disk.write(dir + "/snap/data", data);
  disk.write(dir + "/snap/MANIFEST", manifest(dir));
  co_await tick(self);
  disk.sync(dir + "/snap/data");
  disk.sync(dir + "/snap/MANIFEST");
  disk.sync_directory(dir + "/snap");
  if (step.begun && step.captured != data)
    violate(fmt::format("I2: the snapshot of step {} is taken again after it was applied", step.step));
  step.captured = data;
  if (const int rc = co_await put(self, dir + "/snap/COMPLETE", sha256(sums(dir)).hex()); rc != 0) co_return 1;
  co_return 0;
}

Act<int> Host::apply(Process& self, std::string dir) {
  StepTruth& step = truth_of(dir);
  const std::string content = content_of(dir);
  const unsigned how = setting_.chance.ask(Site::script, 6);
  co_await tick(self);
  if (how == 1 || self.full) co_return 1;
  effect(self, step, EventType::apply_intent);
  disk.write(step.target, content.substr(0, content.size() / 2));
  co_await pause(self, half_of_an_apply);
  co_await tick(self);
  if (how == 2 || self.full) co_return 1;
  if (how == 4) co_return 124;
  effect(self, step, EventType::apply_intent);
  disk.write(step.target, how == 5 ? "something else" : content);
  co_await pause(self, half_of_an_apply);
  co_await tick(self);
  disk.sync(step.target);
  disk.sync_directory(Disk::directory_of(step.target));
  co_await tick(self);
  co_return how == 3 ? 1 : 0;
}

// `finish`: the token becomes `restored` here; the dead-man does that itself.
Act<int> Host::restore(Process& self, std::string dir, bool finish) {
  StepTruth& step = truth_of(dir);
  const auto complete = disk.read(dir + "/snap/COMPLETE");
  const std::string data = snapshot_state(dir);
  if (!complete || *complete != sha256(sums(dir)).hex() + '\n') co_return 79;
  co_await tick(self);
  for (const char* one : {"armed", "committed", "restored"})
    if (disk.rename(dir + '/' + one, dir + "/firing")) step.taken = true;
  disk.sync_directory(dir);
  const unsigned how = setting_.chance.ask(Site::script, 2);
  effect(self, step, EventType::rb_intent);
  disk.write(step.target + ".new", data == "-" ? "" : data.substr(2));
  co_await tick(self);
  if (how == 1 || self.full) co_return 1;
  disk.sync(step.target + ".new");
  effect(self, step, EventType::rb_intent);
  if (data == "-") {
    disk.remove(step.target + ".new");
    disk.remove(step.target);
  } else {
    disk.rename(step.target + ".new", step.target);
  }
  co_await tick(self);
  disk.sync_directory(Disk::directory_of(step.target));
  step.changed = false;
  if (!finish) co_return 0;
  co_await tick(self);
  disk.rename(dir + "/firing", dir + "/restored");
  disk.sync_directory(dir);
  co_return 0;
}

void Host::effect(Process& self, StepTruth& step, EventType intent) {
  const std::string dir = self.op_dir;
  if (self.epoch < fenced_)
    violate(fmt::format("I5: {} works under epoch {}, and {} has been fenced", self.what, self.epoch, fenced_));
  for (const auto& [pid, other] : processes_)
    if (pid != self.pid && !other->op_dir.empty())
      violate(fmt::format("I5: {} and {} work at the same time", self.what, other->what));
  const bool by_itself = self.what.starts_with("undo");
  if (!by_itself && !setting_.journalled(intent, name_, step.step, self.epoch >> 20))
    violate(fmt::format("I3: {} has an effect, and the journal has no {} for it", self.what, to_string(intent)));
  if (intent == EventType::apply_intent) {
    const auto complete = disk.durable(dir + "/snap/COMPLETE");
    const auto data = disk.durable(dir + "/snap/data");
    if (!complete || !data)
      violate(fmt::format("I1: step {} is applied, and a power cut could take its snapshot", step.step));
    if (!step.changed && !step.damaged && *data != state_of(step.target) && !edited.contains(step.target))
      violate(fmt::format("I1: step {} is applied, and its snapshot is not what stood there", step.step));
    if (!step.damaged && !snapshot_intact(dir))
      violate(fmt::format("I14: step {} is applied, and its snapshot cannot be used", step.step));
    step.begun = step.changed = true;
  }
  if (intent == EventType::rb_intent) {
    const std::string run = Disk::directory_of(dir);
    for (const auto& [other, truth] : truth_)
      if (Disk::directory_of(other) == run && truth.step > step.step && truth.changed)
        violate(fmt::format("I9: step {} is put back before step {}", step.step, truth.step));
    if (!step.damaged && !snapshot_intact(dir))
      violate(fmt::format("I2: step {} is put back from another snapshot than the first", step.step));
  }
}

}  // namespace belay::simulated
