// The rows of the crash table (docs/step-protocol.md 2.4) that a simulated world can tell, one test each. C18 (a
// journal that cannot be written) ends the process and is tested on the store.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/simulation/engine/drive.hpp"
#include "tests/simulation/engine/scenery.hpp"

namespace belay::simulated {
namespace {

constexpr Millis soon = 5'000;

// A story that a test stops at a certain point.
class Row : public Story {
 public:
  explicit Row(Kind kind = Kind::deploy) : Story(Plot{.kind = kind}) { begin(); }

  [[nodiscard]] bool says(EventType type, int step = 1, const std::string& on = "h1") const {
    return std::ranges::any_of(ledger().events(), [&](const Event& event) {
      return event.type == type && event.step == step && event.host == on;
    });
  }
  [[nodiscard]] bool started() const { return ledger().has(EventType::run_started); }
  [[nodiscard]] bool stands(const std::string& name, int step = 1) {
    return host("h1").disk.exists(directory(step) + '/' + name);
  }
  [[nodiscard]] std::string token(int step = 1) { return host("h1").token(directory(step)); }
  [[nodiscard]] const StepTruth& truth(int step = 1) { return host("h1").truth().at(directory(step)); }
  [[nodiscard]] bool begun(int step = 1) {
    const auto found = host("h1").truth().find(directory(step));
    return found != host("h1").truth().end() && found->second.begun;
  }
  // In the middle of the first apply.
  void in_an_apply(int step = 1) {
    until([&] { return begun(step); });
  }
  // The verdict, which is true.
  int verdict() {
    to_the_end();
    check();
    return ledger().exit_code();
  }
};

TEST(CrashTable, C1TheDaemonDiesBeforeTheFirstSnapshot) {
  Row row;
  row.until([&] { return row.started(); });
  EXPECT_FALSE(row.says(EventType::snap_intent));
  row.kill(soon);
  EXPECT_EQ(row.verdict(), 0);
}

TEST(CrashTable, C2TheDaemonDiesInASnapshot) {
  Row row;
  row.until([&] { return row.stands("snap/data"); });
  EXPECT_FALSE(row.stands("snap/COMPLETE"));
  row.kill(soon);
  EXPECT_EQ(row.verdict(), 0);
}

TEST(CrashTable, C3TheSnapshotIsCompleteAndTheJournalDoesNotSaySo) {
  Row row;
  row.until([&] { return row.stands("snap/COMPLETE"); });
  EXPECT_FALSE(row.says(EventType::snap_done));
  row.kill(soon);
  EXPECT_EQ(row.verdict(), 0);
  EXPECT_EQ(row.truth().starts.at("snap"), 2);
}

TEST(CrashTable, C4TheStepIsArmedAndTheJournalDoesNotSaySo) {
  Row row(Kind::guarded);
  row.until([&] { return row.token() == "armed"; });
  EXPECT_FALSE(row.says(EventType::armed));
  row.kill(soon);
  EXPECT_EQ(row.verdict(), 0);
}

TEST(CrashTable, C5TheIntentStandsAndNothingWasSent) {
  Row row;
  row.until([&] { return row.says(EventType::apply_intent); });
  row.kill(soon);
  EXPECT_EQ(row.verdict(), 2);
  EXPECT_FALSE(row.begun());
}

TEST(CrashTable, C6TheDaemonDiesInAnApply) {
  Row row;
  row.in_an_apply();
  row.kill(soon);
  EXPECT_EQ(row.verdict(), 2);
  EXPECT_EQ(row.truth().starts.at("apply"), 1);
}

TEST(CrashTable, C6TheConnectionEndsInAnApply) {
  Row row;
  row.in_an_apply();
  row.host("h1").partition(1);
  EXPECT_EQ(row.verdict(), 2);
}

TEST(CrashTable, C7AnApplyEndsAndTheDaemonDoesNotSeeIt) {
  Row row;
  row.until([&] { return row.stands("apply.rc"); });
  EXPECT_FALSE(row.says(EventType::apply_done));
  row.kill(soon);
  EXPECT_EQ(row.verdict(), 0);
  EXPECT_EQ(row.truth().starts.at("apply"), 1);
}

TEST(CrashTable, C8TheRunnerIsKilled) {
  Row row;
  row.in_an_apply();
  row.host("h1").kill_op(row.directory(1));
  EXPECT_EQ(row.verdict(), 2);
}

TEST(CrashTable, C9TheHostRebootsInAnApply) {
  for (const Kind kind : {Kind::deploy, Kind::guarded})
    for (const Loss loss : {Loss::all, Loss::none, Loss::mixed, Loss::mixed_other}) {
      Row row(kind);
      row.in_an_apply(2);
      row.host("h1").power_cut(loss);
      EXPECT_EQ(row.verdict(), 2);
    }
}

TEST(CrashTable, C10TheDaemonDiesBetweenVerifyAndCommit) {
  Row row;
  row.until([&] { return row.says(EventType::verify_done); });
  EXPECT_FALSE(row.says(EventType::commit_intent));
  row.kill(soon);
  EXPECT_EQ(row.verdict(), 0);
}

TEST(CrashTable, C11TheDaemonDiesBeforeOrAfterTheRename) {
  for (const char* token : {"armed", "committed"}) {
    Row row(Kind::guarded);
    row.until([&] { return row.says(EventType::commit_intent) && row.token() == token; });
    EXPECT_FALSE(row.says(EventType::committed));
    row.kill(soon);
    EXPECT_EQ(row.verdict(), 0);
  }
}

TEST(CrashTable, C12AnythingDiesInARestore) {
  for (const bool power : {false, true}) {
    Row row;
    row.in_an_apply(2);
    row.daemon()->ask_to_abort();
    row.until([&] { return row.token(1) == "firing"; });
    if (power)
      row.host("h1").power_cut(Loss::mixed);
    else
      row.kill(soon);
    EXPECT_EQ(row.verdict(), 2);
  }
}

TEST(CrashTable, C13TheSwitchFiresWhileTheNetworkIsAway) {
  Row row(Kind::guarded);
  row.in_an_apply(2);
  row.host("h1").partition(120'000);
  row.until([&] { return row.token(2) == "restored"; });
  EXPECT_FALSE(row.host("h1").reachable());
  EXPECT_EQ(row.verdict(), 2);
}

// Class A: the daemon never comes back, and the host is in one of its two ends all the same.
TEST(CrashTable, C13TheSwitchFiresWhenTheDaemonIsGoneForGood) {
  Row row(Kind::guarded);
  row.in_an_apply(2);
  row.kill(-1);
  row.to_the_end();
  row.check();
  EXPECT_EQ(row.token(1), "committed");
  EXPECT_EQ(row.token(2), "restored");
}

TEST(CrashTable, C14AnotherDaemonTakesOverWhileOneStandsStill) {
  for (const Kind kind : {Kind::deploy, Kind::guarded}) {
    Row row(kind);
    row.in_an_apply(2);
    row.daemon()->pause();
    EXPECT_EQ(row.verdict(), 2);
  }
}

TEST(CrashTable, C15MessagesArriveVeryLate) {
  const Told told = singles({.kind = Kind::guarded}, [](const Shot& shot) {
    return shot.site == Site::message && (shot.value == 5 || shot.value == 12);
  });
  EXPECT_EQ(violations(told), "");
}

TEST(CrashTable, C16TheSnapshotIsDamagedWhenItIsNeeded) {
  Row row;
  row.in_an_apply(2);
  row.host("h1").damage(row.directory(2));
  row.daemon()->ask_to_abort();
  EXPECT_EQ(row.verdict(), 3);
  EXPECT_TRUE(row.stands("snap/data", 2));
  EXPECT_TRUE(row.stands("snap/COMPLETE", 1));
}

TEST(CrashTable, C16TheDaemonsCopyOfADamagedSnapshotIsEnough) {
  Row row(Kind::guarded);
  row.in_an_apply(2);
  row.host("h1").damage(row.directory(2));
  row.daemon()->ask_to_abort();
  EXPECT_EQ(row.verdict(), 2);
}

TEST(CrashTable, C17NoSpaceIsLeftInAnApply) {
  Row row;
  row.in_an_apply(2);
  row.host("h1").fill(row.directory(2));
  EXPECT_EQ(row.verdict(), 2);
}

TEST(CrashTable, C19TheJournalIsOlderThanTheHost) {
  Row row;
  row.host("h1").disk.settle(std::string(base_directory) + "/epoch", "99999999999\n");
  row.to_the_end();
  EXPECT_EQ(row.ledger().exit_code(), 1);
  for (const char* name : {"h1", "h2"})
    for (const File& file : files()) EXPECT_EQ(row.host(name).disk.read(file.path), file.before) << name << file.path;
}

TEST(CrashTable, C20TheHostKeyIsAnotherOneWhenItComesBack) {
  Row row;
  row.in_an_apply(2);
  row.host("h1").other_machine = row.host("h1").troubled = row.setting().hard = true;
  row.host("h1").partition(1);
  EXPECT_EQ(row.verdict(), 3);
  EXPECT_FALSE(row.says(EventType::restored, 2));
  EXPECT_TRUE(row.says(EventType::rb_proven, 1, "h2"));
}

}  // namespace
}  // namespace belay::simulated
