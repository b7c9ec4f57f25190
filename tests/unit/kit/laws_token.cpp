// Who may act on a step, in which order things are looked at, and what is on the disk before anybody is told.
#include <fmt/format.h>
#include <signal.h>

#include "tests/unit/kit/laws.hpp"
#include "tests/unit/kit/watched.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;

std::string only_the_epoch_in_force_acts(KitHost& host) {
  Watched w(host, 2);
  if (!w.armed(1, 600)) return w.complaints();
  w.must_end(host.do_step("snap", 2, "1"), 0, "snap");
  w.must_end(host.leash("fence 2"), 0, "fence");
  const std::string before = w.deadline();
  w.must_end(w.renew(1, 6000), 76, "renew");
  w.must_end(w.arm(2, 6000), 76, "arm");
  w.must_end(w.arm(1, 6000), 76, "arm again");
  w.must_end(host.do_step("apply", 1, "1 60"), 76, "apply");
  w.must_end(host.do_step("commit", 1, "1"), 76, "commit");
  w.must(w.deadline() == before, "the deadline changed: " + w.deadline());
  w.must(w.token(1) == "armed" && w.token(2) == "none", "a token changed");
  w.must(w.content(1) == "old\n", "the step was applied");
  w.must_end(w.renew(2, 6000), 0, "renew in the new epoch");
  w.must(w.deadline() != before, "the deadline did not change");
  w.must_end(host.do_step("commit", 1, "2"), 0, "commit in the new epoch");
  return w.complaints();
}

// The epoch changes in the very moment in which the lock is taken: whoever looked before has seen the old one.
std::string the_epoch_is_looked_at_under_the_lock(KitHost& host) {
  Watched w(host, 2);
  if (!w.armed(1, 600)) return w.complaints();
  w.must_end(host.do_step("snap", 2, "1"), 0, "snap");
  // It would take the gate now and then, and change the epoch out of turn.
  w.reboot();
  w.must_end(w.arm(1, 0), 0, "arm without a dead-man");
  const std::string before = w.deadline();
  const fs::path flock = host.fake_tools() / "flock";
  write_file(flock, fmt::format("#!/bin/sh\necho 2 >'{}/epoch'\nPATH=${{PATH#*:}}\nexec flock \"$@\"\n",
                                host.base().string()));
  fs::permissions(flock, fs::perms::owner_all);
  const std::string run = host.run_id();
  for (const std::string& line :
       {"renew " + run + " 1 6000", "arm " + run + " 2 1 0", "apply " + run + " 1 1 60", "commit " + run + " 1 1"}) {
    write_file(host.base() / "epoch", "1\n");
    w.must_end(host.leash(line), 76, line);
  }
  w.must(w.deadline() == before && w.token(1) == "armed" && w.token(2) == "none" && w.content(1) == "old\n",
         "something changed");
  return w.complaints();
}

std::string a_deadline_never_comes_nearer(KitHost& host) {
  Watched w(host, 2);
  if (!w.armed(1, 6000)) return w.complaints();
  const long before = w.limit();
  w.must_end(w.renew(1, 1), 0, "renew");
  w.must(w.limit() == before, "renew made it shorter: " + w.deadline());
  w.must_end(w.arm(1, 1), 0, "arm");
  w.must(w.limit() == before, "arm made it shorter: " + w.deadline());
  w.must_end(w.renew(1, 60000), 0, "renew");
  w.must(w.limit() > before, "renew did not make it longer: " + w.deadline());
  w.must(host.do_step("commit", 1, "1").end == 0, "commit");
  w.must(w.renew(1, 60).get("token") == "committed", "a renewal between two steps");
  return w.complaints();
}

std::string nothing_is_committed_after_a_fire(KitHost& host) {
  Watched w(host, 2);
  if (!w.applied(1, 600)) return w.complaints();
  w.expire();
  if (!w.must_go_back(1)) return w.complaints();
  w.must_end(host.do_step("commit", 1, "1"), 80, "commit after the restore");
  w.must_end(w.renew(1, 600), 80, "renew after the restore");
  w.must_end(w.arm(1, 600), 80, "arm after the restore");
  w.must_end(host.do_step("apply", 1, "1 60 2"), 80, "apply after the restore");
  // The same while it is still firing.
  if (!w.applied(2, 600)) return w.complaints();
  write_file(host.step_dir(2) / "snap/COMPLETE", "damaged\n");
  w.expire();
  w.must_come([&] { return fs::exists(host.step_dir(2) / "needs-operator"); }, "the call for an operator");
  w.must_end(w.renew(1, 600), 80, "renew while firing");
  w.must_end(w.arm(2, 600), 80, "arm while firing");
  w.must_end(host.do_step("commit", 2, "1"), 80, "commit while firing");
  w.must(w.token(1) == "restored" && w.token(2) == "firing", "a token is " + w.token(1) + ", " + w.token(2));
  return w.complaints();
}

std::string arming_is_for_steps_with_a_snapshot(KitHost& host) {
  Watched w(host);
  w.must_end(w.arm(1, 600), 79, "arm without a snapshot");
  w.must(w.token(1) == "none", "the token is " + w.token(1));
  w.must_end(host.do_step("snap", 1, "1"), 0, "snap");
  const Reply plain = w.arm(1, 0);
  w.must(plain.get("token") == "armed" && plain.get("deadman") == "none", plain.text());
  w.must(processes_of(host, "deadman.sh").empty(), "somebody watches");
  w.must(host.do_step("probe", 1, "apply").get("deadman") == "none", "probe says that somebody watches");
  w.must(w.renew(1, 600).get("deadman") == "none", "a renewal guards what nobody wanted guarded");
  const Reply guarded = w.arm(1, 600);
  w.must(guarded.get("token") == "armed" && guarded.get("deadman") == "shell", guarded.text());
  w.must(w.dead_man() != 0, "nobody watches");
  // Who was killed is replaced by the next renewal.
  ::kill(w.dead_man(), SIGKILL);
  w.must_come([&] { return w.dead_man() == 0; }, "the end of the dead-man");
  w.must_end(w.renew(1, 600), 0, "renew");
  w.must(w.dead_man() != 0, "nobody watches after a renewal");
  return w.complaints();
}

std::string a_snapshot_is_taken_once(KitHost& host) {
  Watched w(host);
  if (!w.armed(1, 600)) return w.complaints();
  write_file(w.file(1), "somebody else's\n");
  w.must_end(host.do_step("snap", 1, "1"), 0, "snap again");
  w.must(host.do_step("restore", 1, "1").get("rc") == "0" && w.content(1) == "old\n", "it was taken again");
  return w.complaints();
}

std::string what_was_begun_is_not_begun_again(KitHost& host) {
  Watched w(host);
  if (!w.armed(1, 0)) return w.complaints();
  write_file(host.step_dir(1) / "apply.start", "");
  w.must_end(host.do_step("apply", 1, "1 60"), 78, "apply of unknown outcome");
  w.must(w.content(1) == "old\n", "it was applied");
  return w.complaints();
}

// sync writes down each of its arguments, and for a directory what it holds: a name counts as durable when its
// directory was synced with the name in it.
std::string what_is_said_is_on_the_disk(KitHost& host) {
  Watched w(host, 2, true);
  const fs::path log = host.root() / "synced";
  write_file(host.fake_tools() / "sync",
             fmt::format("#!/bin/sh\nfor a; do [ -d \"$a\" ] && for n in \"$a\"/*; do echo \"$n\"; done; done "
                         ">>'{}'\nPATH=${{PATH#*:}}\nexec sync \"$@\"\n",
                         log.string()));
  fs::permissions(host.fake_tools() / "sync", fs::perms::owner_all);
  const auto durable = [&](const fs::path& name) {
    return ("\n" + read_file(log)).find("\n" + name.string() + "\n") != std::string::npos;
  };
  const auto need = [&](const fs::path& name) { w.must(durable(name), name.string() + " may be lost"); };
  if (!w.applied(1, 600)) return w.complaints();
  for (const char* name : {"snap", "guarded", "armed", "apply.start", "apply.pid", "apply.rc"})
    need(host.step_dir(1) / name);
  need(w.run_dir() / "deadline");
  need(w.run_dir() / "deadman.pid");
  w.must_end(host.do_step("commit", 1, "1"), 0, "commit");
  need(host.step_dir(1) / "committed");
  if (!w.applied(2, 600)) return w.complaints();
  w.block_restores();
  w.expire();
  w.must_come([&] { return w.in_restore(); }, "the restore under way");
  need(host.step_dir(2) / "firing");
  w.let_go();
  w.must_go_back(2);
  w.must_come([&] { return processes_of(host, "deadman.sh").empty(); }, "the end of the dead-man");
  need(host.step_dir(2) / "deadman.proof");
  need(host.step_dir(2) / "restored");
  return w.complaints();
}

}  // namespace

std::vector<Law> laws_of_tokens() {
  return {{"OnlyTheEpochInForceActs", only_the_epoch_in_force_acts},
          {"TheEpochIsLookedAtUnderTheLock", the_epoch_is_looked_at_under_the_lock},
          {"ADeadlineNeverComesNearer", a_deadline_never_comes_nearer},
          {"NothingIsCommittedAfterAFire", nothing_is_committed_after_a_fire},
          {"ArmingIsForStepsWithASnapshot", arming_is_for_steps_with_a_snapshot},
          {"ASnapshotIsTakenOnce", a_snapshot_is_taken_once},
          {"WhatWasBegunIsNotBegunAgain", what_was_begun_is_not_begun_again},
          {"WhatIsSaidIsOnTheDisk", what_is_said_is_on_the_disk}};
}

}  // namespace belay::test
