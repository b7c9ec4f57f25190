// The text form of an event's type is the journal's format: this list only ever grows at its end, and no name changes.
#include <gtest/gtest.h>

#include <set>

#include "daemon/model/event.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/record.hpp"

namespace belay {
namespace {

struct Golden {
  EventType type;
  std::string_view name;
};
constexpr Golden golden[] = {
    {EventType::run_created, "run-created"},
    {EventType::run_planned, "run-planned"},
    {EventType::run_started, "run-started"},
    {EventType::run_abort, "run-abort"},
    {EventType::run_back, "run-back"},
    {EventType::run_ended, "run-ended"},
    {EventType::leg_started, "leg-started"},
    {EventType::leg_ended, "leg-ended"},
    {EventType::host_fenced, "host-fenced"},
    {EventType::host_ready, "host-ready"},
    {EventType::host_staged, "host-staged"},
    {EventType::host_lost, "host-lost"},
    {EventType::host_cut, "host-cut"},
    {EventType::host_failed, "host-failed"},
    {EventType::host_settled, "host-settled"},
    {EventType::host_final, "host-final"},
    {EventType::skipped, "skipped"},
    {EventType::snap_intent, "snap-intent"},
    {EventType::snap_copied, "snap-copied"},
    {EventType::snap_done, "snap-done"},
    {EventType::armed, "armed"},
    {EventType::apply_intent, "apply-intent"},
    {EventType::apply_done, "apply-done"},
    {EventType::verify_done, "verify-done"},
    {EventType::commit_intent, "commit-intent"},
    {EventType::committed, "committed"},
    {EventType::probed, "probed"},
    {EventType::rb_intent, "rollback-intent"},
    {EventType::restored, "restored"},
    {EventType::rb_proven, "rollback-proven"},
    {EventType::needs_operator, "needs-operator"},
};

TEST(EventNames, AreTheJournalsFormat) {
  for (const Golden& one : golden) {
    EXPECT_EQ(to_string(one.type), one.name);
    ASSERT_TRUE(event_type(one.name).has_value()) << one.name;
    EXPECT_EQ(*event_type(one.name), one.type);
  }
}

TEST(EventNames, CoverEveryType) {
  std::set<std::string_view> names;
  for (const Golden& one : golden) names.insert(one.name);
  EXPECT_EQ(names.size(), std::size(golden));
  // The type after the last one has no name; when this fails, a type was added and belongs into the list above.
  EXPECT_EQ(static_cast<std::size_t>(EventType::needs_operator) + 1, std::size(golden));
  EXPECT_EQ(to_string(static_cast<EventType>(std::size(golden))), "?");
}

TEST(EventNames, UnknownOnesAreRefused) {
  for (const std::string_view name : {"", "?", "run_created", "Run-Created", "run-created ", "rollback", "armed\n"})
    EXPECT_FALSE(event_type(name).has_value()) << name;
}

TEST(Words, OfRunsAndWaysBack) {
  EXPECT_EQ(to_string(RunKind::deploy), "deploy");
  EXPECT_EQ(to_string(RunKind::rehearse), "rehearse");
  EXPECT_EQ(to_string(RunKind::rollback), "rollback");
  EXPECT_EQ(to_string(RunKind::verify), "verify");
  EXPECT_EQ(to_string(WayBack::nothing), "nothing to undo");
  EXPECT_EQ(to_string(WayBack::snapshot), "snapshot");
  EXPECT_EQ(to_string(WayBack::undo), "undo");
  EXPECT_EQ(to_string(WayBack::none), "none");
}

}  // namespace
}  // namespace belay
