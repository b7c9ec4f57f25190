// Upgrades in mid-run: what every released format of the record is for today's belayd.
//
// format-N holds what a belayd of that format left when it was killed in the middle of a run: its database as SQL, and
// the plans that its journal names. The files are never changed; a new format gets a directory and a test of its own.
#include <gtest/gtest.h>

#include "daemon/base/digest.hpp"
#include "daemon/engine/plan_codec.hpp"
#include "daemon/reduce/next.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace belay {
namespace {

using reduce::Do;
using reduce::Phase;
using store::testing::Opened;
using store::testing::slurp;

const std::filesystem::path format_1 = std::filesystem::path(BELAY_SOURCE_DIR) / "tests/unit/golden/format-1";
const std::string ended = "01M838GX4T1J6SPAC6NF2NP5CE";
const std::string in_flight = "01M838H3T483X30QYS1D5DW2T0";

class Golden : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(store::testing::change_by_hand(dir_.path(), slurp(format_1 / "journal.sql")));
    at_ = std::make_unique<Opened>(dir_.path());
    ASSERT_TRUE(at_->store) << at_->error->text();
  }
  // The run as today's reducer sees it; its plan comes from `file`.
  void fold(const std::string& run, const char* file) {
    const auto row = at_->get(at_->store->run(run));
    ASSERT_TRUE(row) << run;
    const std::string text = slurp(format_1 / file);
    ASSERT_EQ(sha256(text).hex(), row->plan) << file;
    auto read = engine::read_plan(text);
    ASSERT_TRUE(read) << read.error().text();
    plan_ = std::move(*read);
    state_ = reduce::initial(row->kind, plan_);
    for (const Recorded& recorded : at_->get(at_->store->events(run, 0))) apply(recorded.event);
  }
  void apply(const Event& event) { reduce::apply(state_, plan_, event, at_->store->epoch()); }
  void apply(EventType type, const std::string& host, int step = 0, bool ok = true) {
    apply({.type = type, .run = in_flight, .host = host, .step = step, .epoch = at_->store->epoch(), .ok = ok});
  }
  [[nodiscard]] std::vector<std::tuple<Do, std::string, int>> next() const {
    std::vector<std::tuple<Do, std::string, int>> out;
    for (const reduce::Task& task : reduce::next(state_, plan_))
      out.emplace_back(task.what, plan_.hosts[task.host].host.name, task.step);
    return out;
  }
  [[nodiscard]] const reduce::StepState& step(std::size_t host, std::size_t number) const {
    return state_.hosts.at(host).steps.at(number - 1);
  }

  store::testing::TempDir dir_;
  std::unique_ptr<Opened> at_;
  Plan plan_;
  reduce::RunState state_;
};

TEST_F(Golden, Format1HasAllThatItHeld) {
  EXPECT_EQ(at_->store->epoch(), 2u) << "one more than the belayd that wrote it";
  const auto baselines = at_->get(at_->store->baselines("shop", "test"));
  ASSERT_EQ(baselines.size(), 1u);
  EXPECT_TRUE(baselines[0].current);
  EXPECT_EQ(baselines[0].run, ended);
  EXPECT_EQ(at_->get(at_->store->packages()).size(), 2u);
  EXPECT_EQ(at_->get(at_->store->hosts()).size(), 2u);
  EXPECT_EQ(at_->get(at_->store->events(ended, 0)).size() + at_->get(at_->store->events(in_flight, 0)).size(), 80u);
}

TEST_F(Golden, Format1RunThatHadEndedHasEnded) {
  ASSERT_NO_FATAL_FAILURE(fold(ended, "plan-1.json"));
  EXPECT_EQ(state_.stage, reduce::Stage::ended);
  EXPECT_EQ(state_.exit_code, 0);
  for (const std::size_t host : {0u, 1u})
    for (const std::size_t number : {1u, 2u}) EXPECT_EQ(step(host, number).phase, Phase::committed);
}

TEST_F(Golden, Format1RunInFlightIsTakenUpWhereItStood) {
  ASSERT_NO_FATAL_FAILURE(fold(in_flight, "plan-2.json"));
  EXPECT_EQ(state_.stage, reduce::Stage::forward);
  EXPECT_EQ(plan_.dead_man_seconds, 60);
  EXPECT_EQ(step(0, 1).phase, Phase::committed);
  EXPECT_EQ(step(0, 2).phase, Phase::applying);
  EXPECT_TRUE(step(0, 2).touched);
  EXPECT_EQ(step(0, 2).before, "18acd95f32e5f6efc32d25fb7916a1db85f7c1bdedbfe6c5b5ce063a7f92a4c7");
  EXPECT_EQ(step(0, 2).copy, "7cdb5bf0b1b1ca6d418ce77a51d5084efc1a01f9f05f73ce443a68e119f773b1");
  EXPECT_EQ(step(1, 1).phase, Phase::committed);
  EXPECT_EQ(step(1, 2).phase, Phase::skipped);

  using Tasks = std::vector<std::tuple<Do, std::string, int>>;
  EXPECT_EQ(next(), (Tasks{{Do::fence, "test1", 0}, {Do::fence, "test2", 0}}));
  apply(EventType::host_fenced, "test1");
  apply(EventType::host_fenced, "test2");
  // It was begun and nobody knows its end: it is asked for, and never begun again.
  EXPECT_EQ(next(), (Tasks{{Do::probe, "test1", 2}}));
  apply(EventType::probed, "test1", 2, false);
  ASSERT_EQ(next().size(), 1u);
  EXPECT_EQ(std::get<0>(next()[0]), Do::go_back);
}

}  // namespace
}  // namespace belay
