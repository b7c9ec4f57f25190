// The known mistakes, one at a time, each in a host's own copy of the kit: the law that is there to catch it has to be
// broken. A law that holds for a mutant proves nothing about the kit.
#include <ostream>

#include "tests/unit/kit/laws.hpp"
#include "tests/unit/kit/steps.hpp"
#include "tests/unit/kit/watched.hpp"

namespace belay::test {
namespace {

struct Mutant {
  const char* name;
  const char* script;
  const char* from;
  const char* to;
  const char* law;
};

std::ostream& operator<<(std::ostream& out, const Mutant& mutant) { return out << mutant.name; }

const Mutant mutants[] = {
    // NOFENCE: nobody looks at the epoch.
    {"NofenceArm", "verb/arm.sh", "check_epoch \"$3\"", ":", "OnlyTheEpochInForceActs"},
    {"NofenceRenew", "verb/renew.sh", "check_epoch \"$2\"", ":", "OnlyTheEpochInForceActs"},
    {"NofenceCommit", "verb/step.sh", "check_epoch \"$3\"", ":", "OnlyTheEpochInForceActs"},
    {"NofenceRunner", "runner.sh", "[ \"$(cat \"$B/epoch\" 2>/dev/null)\" = \"$E\" ] || exit 76", ":",
     "OnlyTheEpochInForceActs"},
    // CHECKFIRST: the epoch is looked at before the lock is taken, not after.
    {"CheckfirstArm", "verb/arm.sh", "lock 10 || {", "check_epoch \"$3\"\n  check_epoch() { :; }\n  lock 10 || {",
     "TheEpochIsLookedAtUnderTheLock"},
    {"CheckfirstRenew", "verb/renew.sh", "gate 10 ||", "check_epoch \"$2\"\n  check_epoch() { :; }\n  gate 10 ||",
     "TheEpochIsLookedAtUnderTheLock"},
    {"CheckfirstCommit", "verb/step.sh", "lock 10 || {", "check_epoch \"$3\"\n  check_epoch() { :; }\n  lock 10 || {",
     "TheEpochIsLookedAtUnderTheLock"},
    {"CheckfirstRunner", "runner.sh", "flock -n 9 || exit 75",
     "[ \"$(cat \"$B/epoch\")\" = \"$E\" ] || exit 76\nflock -n 9 || exit 75\ncat() { printf '%s\\n' \"$E\"; }",
     "TheEpochIsLookedAtUnderTheLock"},
    // No directory sync: a name that was made can be lost with the power. Where another sync of the same directory
    // follows
    // before anybody is told, leaving one out changes nothing, and is no mutant here (firing, restored).
    {"NosyncPut", "lib.sh", "|| return 1\n  parent_of \"$1\"\n  sync \"$value\"", "|| return 1",
     "WhatIsSaidIsOnTheDisk"},
    {"NosyncCommit", "verb/step.sh", "sync \"$BELAY_STEP\" || fail 74 \"the commit", ": || fail 74 \"the commit",
     "WhatIsSaidIsOnTheDisk"},
    // Commit after fire, and its relatives.
    {"CommitAfterFire", "verb/step.sh", "\"$BELAY_STEP/committed\" 2>/dev/null || {",
     "\"$BELAY_STEP/committed\" 2>/dev/null || mv -f -T \"$BELAY_STEP/firing\" \"$BELAY_STEP/committed\" ||\n"
     "    mv -f -T \"$BELAY_STEP/restored\" \"$BELAY_STEP/committed\" || {",
     "NothingIsCommittedAfterAFire"},
    {"RenewAfterFire", "verb/renew.sh", "firing | restored) fail 80", "nothing) fail 80",
     "NothingIsCommittedAfterAFire"},
    {"ArmAfterFire", "verb/arm.sh", "none | armed) ;;", "*) ;;", "NothingIsCommittedAfterAFire"},
    {"FireWithoutToken", "deadman.sh", "mv -f -T \"$1/armed\" \"$1/firing\" 2>/dev/null || return 0",
     "sleep 1\n  : >\"$1/firing\"\n  rm -f \"$1/armed\"", "ACommitAndAFireAreDecidedOnce"},
    {"UndoWithoutToken", "undo.sh", "[ -e \"$D/firing\" ] || exit 0", ":", "WhatIsRestoredIsNotRestoredAgain"},
    // RESNAP: what the step did is captured as what there was before.
    {"Resnap", "snapshot.sh", "if [ -f \"$final/COMPLETE\" ]; then", "if false; then", "ASnapshotIsTakenOnce"},
    // Re-apply on unknown.
    {"Reapply", "runner.sh", "[ ! -e \"$D/$OP.start\" ] || exit 78", "rm -f \"$D/$OP.start\"",
     "WhatWasBegunIsNotBegunAgain"},
    // The dead-man's own.
    {"Shorten", "gate.sh", "; then ex_limit=$dl_limit; fi", "; then :; fi", "ADeadlineNeverComesNearer"},
    {"LeaveWithoutTheGate", "deadman.sh", "    rm -f \"$R/deadman.pid\"\n",
     "    ungate\n    sleep 1\n    rm -f \"$R/deadman.pid\"\n", "WhoeverArmedIsWatched"},
    {"ApplyNotEnded", "deadman.sh", "  end_ops\n", "", "ARunningApplyIsEndedFirst"},
    {"RestoreUnchecked", "restore.sh", "check_snapshot\n#", "#", "ADamagedSnapshotIsLeftAlone"},
    {"ForgottenResources", "deadman.sh", "  step_sum\n", "  value=$(cut -d ' ' -f 3 \"$BELAY_STEP/guarded\")\n",
     "AnotherSnapshotOrKitIsNotUsed"},
    {"ArmAfterApply", "runner.sh", "[ -e \"$D/armed\" ] || exit 80", ":", "NothingIsCommittedAfterAFire"},
    {"EveryRebootIsExpected", "boot.sh", "= \"$dl_boot\" ] || due=yes",
     "= \"$dl_boot\" ] || :", "ARebootPutsTheStepBack"},
    {"NoRebootIsExpected", "boot.sh", "= \"$dl_boot\" ] || due=yes", "= \"\" ] || due=yes",
     "AnAnnouncedRebootIsWaitedFor"},
    {"ForgetAtOnce", "verb/clean.sh", "while alive \"$R/deadman.pid\"; do", "while false; do",
     "ARunIsNotForgottenUnderItsDeadMan"},
};

class Mutants : public ::testing::TestWithParam<Mutant> {};

TEST_P(Mutants, IsCaught) {
  KitHost host(Shell::dash);
  change_kit(host, GetParam().script, GetParam().from, GetParam().to);
  const std::string broken = law_named(GetParam().law).broken(host);
  EXPECT_NE(broken, "") << GetParam().law << " holds although the kit is wrong";
  RecordProperty("seen", broken.substr(0, 300));
}

INSTANTIATE_TEST_SUITE_P(Known, Mutants, ::testing::ValuesIn(mutants),
                         [](const ::testing::TestParamInfo<Mutant>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace belay::test
