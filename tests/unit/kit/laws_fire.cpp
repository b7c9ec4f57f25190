// The dead-man alone with a step: it puts back what nobody confirms, whatever is cut on the way.
#include <fmt/format.h>
#include <signal.h>

#include "tests/support/kit_host/patience.hpp"
#include "tests/unit/kit/laws.hpp"
#include "tests/unit/kit/watched.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;

void end_undo(Watched& w) {
  for (const char* script : {"runner.sh", "child.sh", "undo.sh", "restore.sh", "resource/"}) {
    for (const pid_t pid : processes_of(w.host(), script)) ::kill(pid, SIGKILL);
  }
}

std::string what_nobody_confirms_goes_back(KitHost& host) {
  Watched w(host);
  const long before = uptime();
  if (!w.armed(1, 2)) return w.complaints();
  w.must(w.limit() >= before + 2, "the deadline is nearer than was asked for: " + w.deadline());
  (void)host.do_step("apply", 1, "1 60");
  bool early = false;
  w.must_come(
      [&] {
        const bool passed = uptime() >= w.limit();
        early = early || (w.token(1) != "armed" && !passed);
        return w.token(1) == "restored";
      },
      "the restored step");
  w.must(!early, "it fired before the deadline");
  w.must_go_back(1);
  const Reply probe = host.do_step("probe", 1, "apply");
  w.must(probe.get("deadman") == "fired" && probe.get("proof") == "equal", probe.text());
  w.must_come([&] { return processes_of(host, "deadman.sh").empty(); }, "the end of the dead-man");
  w.must(!fs::exists(w.run_dir() / "deadman.pid"), "it left and is still written down");
  return w.complaints();
}

std::string what_is_renewed_stays(KitHost& host) {
  Watched w(host);
  if (!w.armed(1, 8)) return w.complaints();
  const long first = w.limit();
  const pid_t watching = w.dead_man();
  w.must(watching != 0, "nobody watches");
  w.must_end(w.renew(1, 600), 0, "renew");
  (void)host.do_step("apply", 1, "1 60");
  w.must_come([&] { return w.renew(1, 600).end != 0 || uptime() > first + 2; }, "the time after the first deadline");
  const Reply probe = host.do_step("probe", 1, "apply");
  w.must(probe.get("token") == "armed" && probe.get("deadman").starts_with("watching "), probe.text());
  w.must(w.content(1) == "new\n", "the step is gone");
  w.must(w.dead_man() == watching, "another dead-man");
  // It did look at the deadline all the time.
  w.expire();
  w.must_go_back(1);
  return w.complaints();
}

std::string a_running_apply_is_ended_first(KitHost& host) {
  Watched w(host);
  const std::string pid_file = (host.live() / "pid").string();
  const std::string alive_file = (host.root() / "alive").string();
  // Its own group, and one child that left it.
  const std::string busy =
      "setsid sh -c 'echo $$ >\"$0\"; while :; do echo more >>\"$1\"; sleep 0.01; done' "
      "\"$1.child\" \"$2\" & echo $$ >\"$1\"; while :; do echo more >>\"$2\"; sleep 0.01; done";
  const Step step{
      "command",
      {{"run.0", "sh"}, {"run.1", "-c"}, {"run.2", busy}, {"run.3", "sh"}, {"run.4", pid_file}, {"run.5", w.file(1)}},
      {{"path", {{"path", w.file(1)}}}}};
  w.must_end(host.stage({{1, step}}), 0, "stage");
  change_kit(host, "restore.sh", "check_snapshot\n",
             fmt::format("check_snapshot\n! starttime \"$(cat '{}')\" || : >'{}'\n", pid_file, alive_file));
  if (!w.armed(1, 600)) return w.complaints();
  auto connection = host.start("apply " + host.run_id() + " 1 1 600");
  w.must_come([&] { return read_file(pid_file).ends_with("\n") && read_file(pid_file + ".child").ends_with("\n"); },
              "the running step");
  w.expire();
  w.must_go_back(1);
  w.must(!fs::exists(alive_file), "the restore began while the apply was running");
  connection->kill();
  w.must_come([&] { return host.do_step("probe", 1, "apply").get("probe") == "DIED"; }, "the apply as it ended");
  for (const char* name : {"pid", "pid.child"}) ::kill(-std::stoi(read_file(host.live() / name)), SIGKILL);
  return w.complaints();
}

std::string a_damaged_snapshot_is_left_alone(KitHost& host) {
  Watched w(host);
  if (!w.applied(1, 600)) return w.complaints();
  const fs::path archive = host.step_dir(1) / "snap/0/data.tar";
  std::string bytes = read_file(archive);
  bytes[bytes.find("old")] ^= 1;
  write_file(archive, bytes);
  w.expire();
  w.must_come([&] { return fs::exists(host.step_dir(1) / "needs-operator"); }, "the call for an operator");
  w.must_come([&] { return processes_of(host, "deadman.sh").empty(); }, "the end of the dead-man");
  const Reply probe = host.do_step("probe", 1, "apply");
  w.must(probe.get("token") == "firing" && probe.get("deadman") == "needs-operator", probe.text());
  w.must(probe.get("needs").find("damaged") != std::string::npos, probe.text());
  w.must(w.content(1) == "new\n", "a file was touched: " + w.content(1));
  w.must(read_file(archive) == bytes, "the snapshot was touched");
  w.must_end(host.leash("clean " + host.run_id()), 80, "clean");
  // What it waits for: a good copy, and the daemon's restore.
  bytes[bytes.find("nld")] ^= 1;
  write_file(archive, bytes);
  w.must(host.do_step("restore", 1, "1").get("rc") == "0" && w.content(1) == "old\n", "the good copy does not help");
  w.must(host.do_step("probe", 1, "restore").get("deadman") == "fired", "it still calls for an operator");
  return w.complaints();
}

std::string another_snapshot_or_kit_is_not_used(KitHost& host) {
  Watched w(host, 3);
  if (!w.applied(1, 600)) return w.complaints();
  change_kit(host, "settle.sh", "check_snapshot\n", "check_snapshot\n: changed\n");
  w.expire();
  w.must_come([&] { return fs::exists(host.step_dir(1) / "needs-operator"); }, "the call for an operator");
  w.must(w.content(1) == "new\n", "scripts were used that are not those from when the step was armed");
  w.must_come([&] { return processes_of(host, "deadman.sh").empty(); }, "the end of the dead-man");
  if (!w.applied(2, 600)) return w.complaints();
  write_file(host.step_dir(2) / "snap/SUMS", "");
  write_file(host.step_dir(2) / "snap/COMPLETE", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
  w.expire();
  w.must_come([&] { return fs::exists(host.step_dir(2) / "needs-operator"); }, "the call for an operator");
  w.must(w.content(2) == "new\n", "a snapshot was used that is not the one from when the step was armed");
  w.must_come([&] { return processes_of(host, "deadman.sh").empty(); }, "the end of the dead-man");
  if (!w.applied(3, 600)) return w.complaints();
  write_file(host.step_dir(3) / "touches", "");
  w.expire();
  w.must_come([&] { return fs::exists(host.step_dir(3) / "needs-operator"); }, "the call for an operator");
  w.must(w.token(3) == "firing" && w.content(3) == "new\n", "it calls a step restored that it did not touch");
  return w.complaints();
}

std::string a_fence_does_not_stop_it(KitHost& host) {
  Watched w(host);
  if (!w.applied(1, 600)) return w.complaints();
  w.block_restores();
  w.expire();
  w.must_come([&] { return w.in_restore(); }, "the restore under way");
  w.must_end(host.leash("fence 2"), 0, "fence");
  w.must(w.token(1) == "firing", "the token is " + w.token(1));
  w.must_end(w.renew(1, 600), 76, "a renewal of the old epoch");
  w.let_go();
  w.must_go_back(1);
  w.must(w.in_step(1, "undo.pid").ends_with(" 2\n"), "it went on under the old epoch: " + w.in_step(1, "undo.pid"));
  return w.complaints();
}

std::string a_killed_restore_goes_on(KitHost& host) {
  Watched w(host);
  if (!w.applied(1, 600)) return w.complaints();
  w.block_restores();
  w.expire();
  for (int times = 0; times < 3; ++times) {
    w.must_come([&] { return w.in_restore(); }, "the restore under way");
    fs::remove(host.root() / "mark.in");
    end_undo(w);
  }
  w.must(w.token(1) == "firing", "the token is " + w.token(1));
  w.must_come([&] { return w.in_restore(); }, "the restore under way");
  w.let_go();
  w.must_go_back(1);
  return w.complaints();
}

std::string its_restore_outlives_it(KitHost& host) {
  Watched w(host);
  if (!w.applied(1, 600)) return w.complaints();
  w.block_restores();
  w.expire();
  w.must_come([&] { return w.in_restore(); }, "the restore under way");
  const pid_t dead_man = w.dead_man();
  w.must(dead_man > 0, "nobody watches");
  if (dead_man > 0) ::kill(dead_man, SIGKILL);
  w.let_go();
  w.must_go_back(1);
  return w.complaints();
}

std::string a_daemon_hears_who_is_at_work(KitHost& host) {
  Watched w(host);
  if (!w.applied(1, 600)) return w.complaints();
  w.block_restores();
  w.expire();
  w.must_come([&] { return w.in_restore(); }, "the restore under way");
  const Reply busy = host.do_step("restore", 1, "1");
  w.must_end(busy, 75, "the daemon's restore");
  w.must(busy.get("error").find("dead-man's switch of run " + host.run_id() + " is putting step 1 back") !=
             std::string::npos,
         busy.text());
  w.must(host.do_step("probe", 1, "undo").get("probe").starts_with("RUNNING "), "the restore cannot be seen");
  w.let_go();
  w.must_go_back(1);
  w.must(host.do_step("restore", 1, "1").get("rc") == "0", "the daemon cannot restore again");
  return w.complaints();
}

}  // namespace

std::vector<Law> laws_of_firing() {
  return {{"WhatNobodyConfirmsGoesBack", what_nobody_confirms_goes_back},
          {"WhatIsRenewedStays", what_is_renewed_stays},
          {"ARunningApplyIsEndedFirst", a_running_apply_is_ended_first},
          {"ADamagedSnapshotIsLeftAlone", a_damaged_snapshot_is_left_alone},
          {"AnotherSnapshotOrKitIsNotUsed", another_snapshot_or_kit_is_not_used},
          {"AFenceDoesNotStopIt", a_fence_does_not_stop_it},
          {"AKilledRestoreGoesOn", a_killed_restore_goes_on},
          {"ItsRestoreOutlivesIt", its_restore_outlives_it},
          {"ADaemonHearsWhoIsAtWork", a_daemon_hears_who_is_at_work}};
}

}  // namespace belay::test
