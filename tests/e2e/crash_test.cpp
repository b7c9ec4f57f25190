// kill -9 of the daemon at any instant, again and again: every run ends by itself after the restart, every host stands
// entirely new and verified or byte for byte as before, and no step ever ran twice.
//
// BELAY_E2E_KILLS raises the number of kills, BELAY_E2E_SEED repeats a sequence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::stoul(text));
}

using Clock = std::chrono::steady_clock;

// Kills belayd after a random part of the time a run takes, starts it again, up to twice within one run.
class Killer {
 public:
  Killer(Train& train, unsigned seed) : train_(train), random_(seed) {}

  void strike(Clock::duration usual) {
    const unsigned times = 1 + random_() % 2;
    for (unsigned i = 0; i < times; ++i) {
      const double part = std::uniform_real_distribution(0.0, 1.1)(random_);
      train_.kill_after(std::chrono::duration_cast<std::chrono::nanoseconds>(usual * part));
      train_.start();
      ++kills_;
    }
  }
  [[nodiscard]] unsigned kills() const { return kills_; }

 private:
  Train& train_;
  std::mt19937 random_;
  unsigned kills_ = 0;
};

TEST(Crash, AtRandomInstantsLeavesNothingHalfAndRunsNothingTwice) {
  const unsigned seed = number_from("BELAY_E2E_SEED", std::random_device{}());
  const unsigned wanted = number_from("BELAY_E2E_KILLS", 10);
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("BELAY_E2E_SEED=" + std::to_string(seed));
  Train train({{.name = "dev", .hosts = 2}});
  train.start();
  const auto began = Clock::now();
  ASSERT_EQ(train.belay({"deploy", train.build(note("1.0", counts)), "-e", "dev"}).code, 0) << train.log();
  const auto usual = Clock::now() - began;

  Killer killer(train, seed);
  std::vector<Tree> stack{train.apps()};  // what stands, and what stood before each finished deployment
  std::vector<std::string> versions{"1.0"};
  for (int round = 1; killer.kills() < wanted; ++round) {
    const bool back = stack.size() > 1 && round % 3 == 0;
    const std::string version = "1." + std::to_string(round);
    const std::string run = back ? train.detached({"rollback", "shop", "-e", "dev"})
                                 : train.detached({"deploy", train.build(note(version, counts)), "-e", "dev"});
    killer.strike(usual);
    const Outcome watched = train.belay({"run", "watch", run});
    SCOPED_TRACE(watched.all());
    const Tree now = train.apps();
    if (back) {
      // A way back is never given up.
      ASSERT_EQ(watched.code, 0) << train.log();
      stack.pop_back();
      versions.pop_back();
      ASSERT_THAT(differences(stack.back(), now), IsEmpty()) << train.log();
    } else if (watched.code == 0) {
      for (const TrainHost& host : train.hosts()) {
        ASSERT_EQ(slurp(host.app / "note"), "note " + version + "\n") << host.name;
        ASSERT_THAT("\n" + executions(host), HasSubstr("\n" + version + "\n")) << host.name;
      }
      stack.push_back(now);
      versions.push_back(version);
    } else {
      // 1: it had not touched anything yet; 2: it went back.
      ASSERT_THAT(watched.code, testing::AnyOf(1, 2)) << train.log();
      ASSERT_THAT(differences(stack.back(), now), IsEmpty()) << train.log();
    }
    const auto baseline = train.json({"baseline", "show", "shop", "-e", "dev"});
    ASSERT_EQ(baseline["version"], versions.back());
    ASSERT_EQ(train.belay({"diff", "shop", "-e", "dev"}).code, 0);
    for (const TrainHost& host : train.hosts()) {
      std::map<std::string, int> times;
      std::istringstream lines(executions(host));
      for (std::string line; std::getline(lines, line);) ++times[line];
      for (const auto& [line, count] : times)
        ASSERT_EQ(count, 1) << line << " ran " << count << " times on " << host.name;
    }
  }
  EXPECT_EQ(train.json({"status"})["runs_running"], 0);
}

class CrashOver : public OverTransports {};
INSTANTIATE_TEST_SUITE_P(Each, CrashOver, every_transport, name_of_transport);

TEST_P(CrashOver, InTheMiddleOfAStepTakesTheStepBackAndEndsWhatItStarted) {
  Train train({{.name = "dev", .hosts = 2, .transport = GetParam()}});
  train.start();
  const Tree before = train.apps();
  const std::string run = train.detached({"deploy", train.build(note("1.0", holds_on("dev2"))), "-e", "dev"});
  const auto holding = train.host("dev2").outside / "holding";
  ASSERT_TRUE(until([&] { return slurp(holding).ends_with("\n"); })) << train.log();
  const pid_t step = std::stoi(slurp(holding));
  train.kill();
  EXPECT_TRUE(lives(step)) << "a step outlives the daemon; only its successor decides";
  train.start();
  const Outcome watched = train.belay({"run", "watch", run});
  EXPECT_EQ(watched.code, 2) << watched.all() << train.log();
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());
  EXPECT_FALSE(lives(step)) << "the step still runs";
}

}  // namespace
}  // namespace belay::test
