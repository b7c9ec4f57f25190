// After a reboot, as far as its signs go: markers of another boot, and nobody left alive. And when a run is over.
#include <fmt/format.h>
#include <signal.h>

#include "tests/support/kit_host/patience.hpp"
#include "tests/unit/kit/laws.hpp"
#include "tests/unit/kit/watched.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;

std::string a_reboot_puts_the_step_back(KitHost& host) {
  Watched w(host, 2);
  if (!w.applied(1, 600)) return w.complaints();
  w.must_end(host.do_step("commit", 1, "1"), 0, "commit");
  if (!w.applied(2, 600)) return w.complaints();
  w.reboot();
  w.must_end(w.renew(1, 600), 80, "a renewal after an unannounced reboot");
  const Finished boot = w.boot();
  w.must(boot.status == 0, fmt::format("boot.sh ended with {}: {}{}", boot.status, boot.out, boot.err));
  w.must(w.content(2) == "old\n", "the host went on with files that are not right");
  w.must_go_back(2);
  w.must(w.token(1) == "committed" && w.content(1) == "new\n", "a finished step was touched");
  const Finished again = w.boot();
  w.must(again.status == 0 && w.token(2) == "restored", "again: " + again.out + again.err);
  return w.complaints();
}

// The daemon's restore was cut by the reboot: nobody armed anything, and it goes on.
std::string a_reboot_in_a_restore_goes_on(KitHost& host) {
  Watched w(host);
  if (!w.applied(1, 600)) return w.complaints();
  fs::rename(host.step_dir(1) / "armed", host.step_dir(1) / "firing");
  w.reboot();
  w.must(w.boot().status == 0, "boot.sh");
  w.must_go_back(1);
  return w.complaints();
}

std::string an_announced_reboot_is_waited_for(KitHost& host) {
  Watched w(host);
  if (!w.applied(1, 600)) return w.complaints();
  write_file(host.step_dir(1) / "expect_reboot", "another-boot\n");
  w.reboot();
  w.must(w.boot().status == 0, "boot.sh");
  w.must(w.token(1) == "armed" && w.content(1) == "new\n", "it was put back");
  w.must(host.do_step("probe", 1, "apply").get("deadman").starts_with("watching "), "nobody watches");
  w.must_end(w.renew(1, 600), 0, "renew");
  // The announcement was for one reboot.
  w.reboot();
  write_file(w.run_dir() / "deadline", "a-third-boot 4000000000 1\n");
  w.must(w.boot().status == 0, "boot.sh");
  w.must_go_back(1);
  return w.complaints();
}

std::string a_daemon_may_arm_again_after_a_reboot(KitHost& host) {
  Watched w(host);
  if (!w.armed(1, 600)) return w.complaints();
  w.reboot();
  w.must_end(w.arm(1, 600), 0, "arm");
  w.must(!w.deadline().starts_with("another-boot"), "the deadline is of the boot before");
  w.must(w.dead_man() != 0, "nobody watches");
  w.must(w.boot().status == 0, "boot.sh");
  w.must(w.token(1) == "armed", "the token is " + w.token(1));
  return w.complaints();
}

// The kit of the run is gone: the hook has its own.
std::string the_hook_has_its_own_kit(KitHost& host) {
  Watched w(host);
  const fs::path kit = fs::directory_iterator(host.base() / "kit")->path();
  if (!w.applied(1, 600)) return w.complaints();
  fs::create_directories(host.base() / "guard");
  fs::rename(kit, host.base() / "guard" / kit.filename());
  w.reboot();
  const Finished boot = run({(host.root() / "tools/sh").string(),
                             (host.base() / "guard" / kit.filename() / "kit/boot.sh").string(), host.base().string()},
                            {"PATH=" + host.path_variable(), "LC_ALL=C"});
  w.must(boot.status == 0, boot.out + boot.err);
  w.must_go_back(1);
  return w.complaints();
}

std::string a_run_is_not_forgotten_under_its_dead_man(KitHost& host) {
  Watched w(host);
  if (!w.applied(1, 600)) return w.complaints();
  w.must_end(host.leash("clean " + host.run_id()), 80, "clean of an armed run");
  w.must_end(host.do_step("commit", 1, "1"), 0, "commit");
  // It may sleep for a while before it sees that it is not needed; here it cannot see it.
  const pid_t dead_man = w.dead_man();
  w.must(dead_man > 0, "nobody watches");
  if (dead_man <= 0) return w.complaints();
  ::kill(dead_man, SIGSTOP);
  w.must_end(host.leash("clean " + host.run_id()), 75, "clean while the dead-man lives");
  w.must(fs::exists(host.step_dir(1)), "it was forgotten");
  ::kill(dead_man, SIGCONT);
  w.must_end(host.leash("clean " + host.run_id()), 0, "clean");
  w.must(!fs::exists(w.run_dir()), "it is still there");
  w.must(processes_of(host, "deadman.sh").empty(), "the dead-man is still there");
  return w.complaints();
}

}  // namespace

std::vector<Law> laws_of_reboots() {
  return {{"ARebootPutsTheStepBack", a_reboot_puts_the_step_back},
          {"ARebootInARestoreGoesOn", a_reboot_in_a_restore_goes_on},
          {"AnAnnouncedRebootIsWaitedFor", an_announced_reboot_is_waited_for},
          {"ADaemonMayArmAgainAfterAReboot", a_daemon_may_arm_again_after_a_reboot},
          {"TheHookHasItsOwnKit", the_hook_has_its_own_kit},
          {"ARunIsNotForgottenUnderItsDeadMan", a_run_is_not_forgotten_under_its_dead_man}};
}

}  // namespace belay::test
