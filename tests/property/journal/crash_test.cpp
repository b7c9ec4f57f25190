// kill -9 and full disks: whatever was acknowledged is there after the next start, and what is there is a prefix of
// what was asked for (threats A-1, E-46; C18 of docs/step-protocol.md).
#include <sys/wait.h>

#include <csignal>
#include <random>

#include "tests/property/journal/child.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace belay::store {
namespace {

using testing::Child;
using testing::Opened;
using testing::TempDir;

// Opens the journal after a crash and compares it with what `child` acknowledged.
void check_after(const std::filesystem::path& state, const std::string& run, const Child& child, std::uint64_t& last) {
  Opened at(state);
  ASSERT_TRUE(at.store) << at.error->text();
  const auto events = at.get(at.store->events(run, 0));
  std::map<unsigned long, std::string> found;
  std::map<std::string, int> newest;  // per coroutine
  for (const Recorded& recorded : events) {
    EXPECT_EQ(recorded.seq, ++last) << "a gap";
    const std::string& note = recorded.event.note;
    found[recorded.seq] = note;
    const std::string worker = note.substr(0, note.find(':'));
    EXPECT_EQ(recorded.event.step, ++newest[worker]) << "not a prefix of what " << worker << " asked for";
  }
  for (const auto& [seq, note] : child.acknowledged()) {
    ASSERT_TRUE(found.contains(seq)) << "acknowledged event " << seq << " is lost";
    EXPECT_EQ(found[seq], note);
  }
  // Events and rows of one append came together or not at all.
  for (const auto& [worker, n] : newest) {
    const auto row = at.get(at.store->run(run + "-" + worker));
    ASSERT_TRUE(row);
    EXPECT_EQ(row->reason, worker + ":" + std::to_string(n));
  }
}

TEST(Crash, KillAtRandomInstantsLosesNothingAcknowledged) {
  const unsigned seed = std::random_device{}();
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  const TempDir dir;
  std::uint64_t last = 0;
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
    const std::string run = "R" + std::to_string(100 + round);
    Child child(dir.path(), run);
    // Some die while they open the journal, most while they write.
    if (round % 5 == 0)
      child.listen(1, static_cast<int>(random() % 20));
    else
      child.listen(1 + random() % 400, 60'000);
    child.kill();
    ASSERT_NO_FATAL_FAILURE(check_after(dir.path(), run, child, last));
  }
  EXPECT_GT(last, 0u);
}

// A file that may not grow is a disk that is full: the process ends at once, with a sentence, and lost nothing.
TEST(Crash, AFailingWriteEndsTheProcessAndLosesNothing) {
  const TempDir dir;
  std::uint64_t last = 0;
  int round = 0;
  for (const long limit : {200'000L, 300'000L, 1'000'000L, 7'000'000L}) {
    SCOPED_TRACE(limit);
    const std::string run = "R" + std::to_string(100 + round++);
    Child child(dir.path(), run, {std::to_string(limit)});
    const int status = child.wait();
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) << status << " " << child.complaint();
    EXPECT_NE(child.complaint().find("belayd: the journal cannot be trusted any more: "), std::string::npos);
    EXPECT_NE(child.complaint().find("a second try could lie"), std::string::npos) << child.complaint();
    EXPECT_FALSE(child.acknowledged().empty());
    ASSERT_NO_FATAL_FAILURE(check_after(dir.path(), run, child, last));
  }
}

// A disk so full that not even the start fits: refused, and the next start with room goes on.
TEST(Crash, NoRoomForTheStartIsASentence) {
  const TempDir dir;
  {
    Child child(dir.path(), "R1", {"8192"});
    const int status = child.wait();
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status << " " << child.complaint();
    EXPECT_NE(child.complaint().find("belay.db"), std::string::npos) << child.complaint();
  }
  const Opened at(dir.path());
  EXPECT_TRUE(at.store) << at.error->text();
}

}  // namespace
}  // namespace belay::store
