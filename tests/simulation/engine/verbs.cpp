// The kit's verbs on a simulated host, but for the ops (ops.cpp) and the dead-man's switch (deadman.cpp).
#include <fmt/format.h>

#include "daemon/base/digest.hpp"
#include "tests/simulation/engine/host.hpp"

namespace belay::simulated {
namespace {

const std::string base = base_directory;

std::string path_line(const std::string& path, const std::optional<std::string>& content) {
  if (!content) return fmt::format("- - - - - - - - - {} -\n", path);
  return fmt::format("f 0644 0 0 {} 0 {} - - {} -\n", content->size(), sha256(*content).hex(), path);
}

// The step's directory of a verb that has RUN STEP as its first words.
std::string step_dir(const Request& request) {
  if (request.words.size() < 3) throw Violation("protocol: a verb lacks its run and step");
  return base + "/runs/" + request.words[1] + '/' + request.words[2];
}

}  // namespace

Act<int> Host::leash(Process& self, Request request, std::shared_ptr<Reply> reply) {
  const std::string verb = request.verb();
  const std::string kit = base + "/kit/" + request.kit;
  if (verb == "install") {
    co_await tick(self);
    disk.settle(kit, "kit");
    co_return 0;
  }
  co_await pause(self, 2);
  if (!disk.exists(kit)) co_return 71;
  if (verb == "facts") co_return co_await facts(self, reply);
  if (verb == "fence") co_return co_await fence(self, request.number(1), reply);
  if (verb == "stage") co_return co_await stage(self, std::move(request), reply);
  if (verb == "plan") co_return plan(request, *reply);
  if (verb == "missing") {
    std::string out;
    for (std::string_view rest = request.data; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
      if (const std::string digest(rest.substr(0, rest.find('\n'))); !disk.exists(base + "/blobs/" + digest))
        out += digest + '\n';
    reply->add("missing", out);
    co_return 0;
  }
  if (verb == "renew")
    co_return co_await renew(self, base + "/runs/" + request.words.at(1), request.number(2),
                             static_cast<int>(request.number(3)), reply);
  const std::string dir = step_dir(request);
  if (disk.list(dir + '/').empty()) co_return reply->fail(74, "the step is not staged on this host");
  hand(verb);
  if (verb == "probe") co_return probe(dir, request.words.at(3), *reply);
  if (verb == "manifest") {
    reply->add("manifest", manifest(dir));
    co_return 0;
  }
  if (verb == "give") co_return co_await give(self, dir, std::move(request), reply);
  if (verb == "keep") co_return keep(dir, request, *reply);
  if (verb == "commit") co_return co_await commit(self, dir, request.number(3), reply);
  if (verb == "arm") co_return co_await arm(self, dir, request.number(3), static_cast<int>(request.number(4)), reply);
  std::string op = verb;
  if (verb == "apply" && request.number(5) > 1) {
    const std::uint64_t attempt = request.number(5);
    const std::string before = attempt == 2 ? "apply" : fmt::format("apply.{}", attempt - 1);
    if (!disk.exists(dir + '/' + before + ".rc")) co_return reply->fail(78, "how the attempt before ended is unknown");
    op = fmt::format("apply.{}", attempt);
  }
  const Millis limit = static_cast<Millis>(request.number(4)) * 1000;
  if (const int rc = co_await run_op(self, dir, op, request.number(3), limit, reply); rc != 0) co_return rc;
  if (verb == "snap") {
    if (disk.read(dir + "/snap.rc") != "0\n" || !disk.exists(dir + "/snap/COMPLETE"))
      co_return reply->fail(79, "the snapshot could not be taken");
    reply->add("manifest", disk.read(dir + "/snap/MANIFEST").value_or(""));
    reply->add("token", token(dir));
    if (request.words.size() > 5) {
      reply->add("sums", sums(dir));
      reply->add("complete", disk.read(dir + "/snap/COMPLETE").value_or(""));
      reply->add("copy.1", disk.read(dir + "/snap/data").value_or(""));
      reply->add("copy.2", disk.read(dir + "/snap/MANIFEST").value_or(""));
    }
  }
  co_return 0;
}

Act<int> Host::run_op(Process& self, std::string dir, std::string op, std::uint64_t epoch, Millis limit,
                      std::shared_ptr<Reply> reply) {
  const auto rc = std::make_shared<int>(78);
  const int pid = spawn(
      op + ' ' + dir.substr(dir.rfind('/') + 1),
      [=, this](Process& runner_process) { return runner(runner_process, dir, op, epoch, limit); },
      [rc](int status) { *rc = status < 0 ? 78 : status; });
  co_await Ended{*this, self, pid};
  if (*rc == 0 && !disk.exists(dir + '/' + op + ".rc")) *rc = 78;
  if (*rc != 0) co_return reply->fail(*rc, op + " did not run to its end");
  reply->add("rc", *disk.read(dir + '/' + op + ".rc"));
  reply->add("out", disk.read(dir + '/' + op + ".out").value_or(""));
  co_return 0;
}

Act<int> Host::facts(Process& self, std::shared_ptr<Reply> reply) {
  co_await pause(self, 5);
  reply->add("facts", fmt::format("flock=yes\nsetsid=yes\nsha256sum=yes\ntar=gnu\ngetfacl=yes\ngetfattr=yes\n"
                                  "base=ok\nfree_kib=9000000\nboot_id={}\nepoch={}\ndeadman=shell\nguard={}\n"
                                  "kill_user_processes=no\n",
                                  boot_id(), epoch(), boot_hook ? "cron" : "no"));
  co_return 0;
}

Act<int> Host::fence(Process& self, std::uint64_t wanted, std::shared_ptr<Reply> reply) {
  co_await tick(self);
  if (setting_.switches.no_fence) {
    fenced_ = std::max(fenced_, wanted);
    reply->add("epoch", std::to_string(wanted));
    co_return 0;
  }
  if (epoch() > wanted) co_return reply->fail(76, fmt::format("this host answers to epoch {}", epoch()));
  if (epoch() != wanted)
    if (const int rc = co_await put(self, base + "/epoch", std::to_string(wanted)); rc != 0)
      co_return reply->fail(rc, "cannot write the epoch");
  const Millis until = setting_.time.now() + 10'000;
  while (true) {
    bool own = false;
    std::vector<int> older;
    for (const auto& [mark, pid] : runners_) {
      own |= processes_.at(pid)->epoch == wanted;
      if (processes_.at(pid)->epoch != wanted) older.push_back(pid);
    }
    for (const int pid : older) kill(pid, "a newer epoch fences it");
    if (own || lock_holder_ == 0) break;
    if (setting_.time.now() >= until) co_return reply->fail(75, "the lock is held");
    co_await pause(self, 50);
  }
  co_await tick(self);
  if (epoch() != wanted) co_return reply->fail(76, fmt::format("this host answers to epoch {} by now", epoch()));
  fenced_ = std::max(fenced_, wanted);
  reply->add("epoch", std::to_string(wanted));
  co_return 0;
}

Act<int> Host::stage(Process& self, Request request, std::shared_ptr<Reply> reply) {
  const std::uint64_t wanted = request.number(2);
  if (epoch() != wanted && !setting_.switches.no_fence) co_return reply->fail(76, "another epoch");
  co_await tick(self);
  if (self.full) co_return reply->fail(74, "the staged files could not be unpacked: is the disk full?");
  if (co_await lock(self, 10'000) != 0) co_return reply->fail(75, "this host is busy");
  if (epoch() != wanted && !setting_.switches.no_fence) co_return reply->fail(76, "another epoch");
  const std::string run = base + "/runs/" + request.words.at(1);
  for (const auto& [path, bytes] : read_tar(request.data)) {
    if (path.starts_with("blobs/")) {
      if (sha256(bytes).hex() != path.substr(6)) co_return reply->fail(74, "a staged file is not what it should be");
      disk.settle(base + '/' + path, bytes);
      continue;
    }
    const std::string inside = path.substr(5);  // after "step/"
    const std::string dir = run + '/' + inside.substr(0, inside.find('/'));
    if (disk.exists(dir + "/snap.start")) continue;
    disk.settle(run + '/' + inside, bytes);
  }
  co_await tick(self);
  reply->add("staged", "1");
  co_return 0;
}

Act<int> Host::commit(Process& self, std::string dir, std::uint64_t wanted, std::shared_ptr<Reply> reply) {
  co_await tick(self);
  if (co_await lock(self, 10'000) != 0) co_return reply->fail(75, "this host is busy");
  co_await tick(self);
  if (epoch() != wanted && !setting_.switches.no_fence) co_return reply->fail(76, "another epoch");
  if (!disk.exists(dir + "/committed")) {
    const StepTruth& step = truth_of(dir);
    if (!disk.rename(dir + "/armed", dir + "/committed")) {
      if (!setting_.switches.commit_after_fire)
        co_return reply->fail(80, fmt::format("the token is \"{}\"", token(dir)));
      disk.write(dir + "/committed", "");
    }
    if (!setting_.journalled(EventType::commit_intent, name_, step.step, wanted >> 20))
      violate(fmt::format("I3: step {} is committed, and the journal has no intent for it", step.step));
    if (step.taken) violate(fmt::format("I7: step {} is committed after its token was taken", step.step));
  }
  co_await tick(self);
  disk.sync_directory(dir);
  truth_of(dir).committed = true;
  reply->add("token", "committed");
  co_return 0;
}

Act<int> Host::give(Process& self, std::string dir, Request request, std::shared_ptr<Reply> reply) {
  co_await tick(self);
  if (co_await lock(self, 10'000) != 0) co_return reply->fail(75, "this host is busy");
  if (epoch() != request.number(3)) co_return reply->fail(76, "another epoch");
  const auto copy = read_tar(request.data);
  StepTruth& step = truth_of(dir);
  if (copy.at("data") != step.captured.value_or(""))
    violate(fmt::format("I14: the daemon's copy of step {} is not the snapshot", step.step));
  if (self.full) co_return reply->fail(74, "the copy of the snapshot could not be unpacked");
  for (const char* file : {"data", "MANIFEST", "COMPLETE"}) disk.settle(dir + "/snap/" + file, copy.at(file));
  co_await tick(self);
  step.damaged = false;
  disk.remove(dir + "/needs-operator");
  reply->add("given", "whole");
  co_return 0;
}

int Host::probe(const std::string& dir, const std::string& op, Reply& reply) {
  const std::string mark = dir + '/' + op;
  const auto rc = disk.read(mark + ".rc");
  const auto runner_pid = runners_.find(mark);
  const auto pid = disk.read(mark + ".pid");
  std::string state = "DIED";
  if (!disk.exists(mark + ".start"))
    state = "NEVER";
  else if (runner_pid != runners_.end() && !rc)
    state = fmt::format("RUNNING {}", runner_pid->second);
  else if (rc)
    state = "DONE " + rc->substr(0, rc->find('\n'));
  else if (pid && !pid->starts_with(boot_id() + ' '))
    state = "REBOOTED";
  else if (lock_holder_ != 0)
    state = "RUNNING-OTHER";
  switch (setting_.chance.ask(Site::hand, 5)) {
    case 1:
      state = "DONE 0";
      break;
    case 2:
      state = "NEVER";
      break;
    case 3:
      state = "RUNNING 4711";
      break;
    case 4:
      state = "";
      break;
    default:
      break;
  }
  setting_.note(fmt::format("{}: probe of {} says {}, token {}", name_, mark, state, token(dir)));
  reply.add("probe", state);
  reply.add("token", token(dir));
  const std::string run = Disk::directory_of(dir);
  if (token(dir) == "firing" && disk.exists(dir + "/needs-operator"))
    reply.add("deadman", "needs-operator");
  else if (disk.exists(dir + "/fired"))
    reply.add("deadman", "fired");
  else if (guarded(dir) && (token(dir) == "armed" || token(dir) == "firing") && dead_men_.contains(run))
    reply.add("deadman", fmt::format("watching {}", rest(run) / 1000));
  else
    reply.add("deadman", "none");
  reply.add("out", disk.read(mark + ".out").value_or(""));
  return 0;
}

int Host::plan(const Request& request, Reply& reply) const {
  const auto files = read_tar(request.data);
  const std::string to = files.at("step/0/p/to");
  const auto from = files.find("step/0/p/from");
  const std::string wanted = from == files.end() ? sha256(files.at("step/0/p/content")).hex() : from->second;
  const auto now = disk.read(to);
  const std::string is = now ? sha256(*now).hex() : "-";
  reply.add("items", fmt::format("{} {} {} {}\n",
                                 !now           ? "new"
                                 : is == wanted ? "unchanged"
                                                : "changed",
                                 wanted, is, to));
  return 0;
}

int Host::keep(const std::string& dir, const Request& request, Reply& reply) {
  const std::string to = *disk.read(dir + "/p/to");
  const auto now = disk.read(to);
  const bool changed = now && request.data.find(path_line(to, now)) == std::string::npos;
  if (changed) disk.settle(base + "/conflicts" + dir.substr(base.size()) + to, *now);
  reply.add("kept", changed ? to + '\n' : "");
  return 0;
}

std::string Host::manifest(const std::string& dir) const {
  const std::string to = disk.read(dir + "/p/to").value_or("/nowhere");
  return fmt::format("# 0 path {}\n{}", to, path_line(to, disk.read(to)));
}

// Somebody else's hand: the file of one step, or the snapshot of one, is no longer what it was.
void Host::hand(const std::string& verb) {
  if (verb == "probe" || verb == "arm" || verb == "snap" || verb == "give") return;
  constexpr unsigned steps = 3;
  const unsigned value = setting_.chance.ask(Site::hand, 1 + 2 * steps);
  for (auto& [dir, step] : truth_) {
    if (value == 0 || static_cast<unsigned>(step.step) != (value - 1) % steps + 1) continue;
    if (value > steps) {
      if (disk.exists(dir + "/snap/data")) damage(dir);
      continue;
    }
    setting_.hard = troubled = true;
    setting_.note(fmt::format("{}: somebody edits {}", name_, step.target));
    disk.settle(step.target, "edited by somebody");
    edited.insert(step.target);
  }
}

}  // namespace belay::simulated
