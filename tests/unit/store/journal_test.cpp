// The journal: numbering, order, durability across starts, epochs, subscriptions, many writers at once.
#include <algorithm>

#include "tests/unit/store/store_fixture.hpp"

namespace belay::store {
namespace {

using testing::Opened;
using testing::TempDir;
using namespace std::string_literals;

Event full(std::uint64_t epoch) {
  Event event;
  event.type = EventType::apply_done;
  event.run = "01J00000000000000000000000";
  event.host = "web-1";
  event.step = 7;
  event.epoch = epoch;
  event.ok = false;
  event.rc = -15;
  event.digest = std::string(64, 'a');
  event.output = std::string(64, 'b');
  event.note = "quotes ' \" ; -- and\nlines, a zero \0 byte and \xff\xfe"s;
  event.detail = R"({"a":1})";
  return event;
}

TEST(Journal, GivesBackWhatWasAppendedAfterAnotherStart) {
  const TempDir dir;
  Event event;
  {
    Opened at(dir.path());
    ASSERT_TRUE(at.store) << at.error->text();
    event = full(at.store->epoch());
    at.clock.ms = 1'700'000'000'123;
    EXPECT_EQ(at.get(at.store->append({event, at.event(EventType::run_created, "other")}, {})), 2u);
    EXPECT_EQ(at.get(at.store->append({at.event(EventType::run_back, event.run)}, {})), 3u);
  }
  Opened at(dir.path());
  ASSERT_TRUE(at.store) << at.error->text();
  const auto events = at.get(at.store->events(event.run, 0));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].event, event);
  EXPECT_EQ(events[0].seq, 1u);
  EXPECT_EQ(events[0].at_ms, 1'700'000'000'123);
  EXPECT_EQ(events[1].seq, 3u);
  EXPECT_EQ(at.get(at.store->events(event.run, 1)).size(), 1u);
  EXPECT_TRUE(at.get(at.store->events(event.run, 3)).empty());
  EXPECT_TRUE(at.get(at.store->events("none", 0)).empty());
  // Numbers go on where they were.
  EXPECT_EQ(at.get(at.store->append({at.event(EventType::run_ended, event.run)}, {})), 4u);
}

TEST(Journal, EveryTypeOfEventComesBackAsItself) {
  const TempDir dir;
  Opened at(dir.path());
  std::vector<Event> events;
  for (int i = 0; i <= static_cast<int>(EventType::needs_operator); ++i)
    events.push_back(at.event(static_cast<EventType>(i), "r"));
  EXPECT_EQ(at.get(at.store->append(events, {})), events.size());
  const auto recorded = at.get(at.store->events("r", 0));
  ASSERT_EQ(recorded.size(), events.size());
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(recorded[i].event, events[i]);
}

TEST(Journal, NothingToAppendIsNumberZero) {
  const TempDir dir;
  Opened at(dir.path());
  EXPECT_EQ(at.get(at.store->append({}, {})), 0u);
  EXPECT_EQ(at.get(at.store->append({}, {HostRow{"web-1", "test", "{}"}})), 0u);
  EXPECT_EQ(at.get(at.store->hosts()).size(), 1u);
}

TEST(Journal, EachStartHasAGreaterEpoch) {
  const TempDir dir;
  for (std::uint64_t start = 1; start <= 4; ++start) {
    Opened at(dir.path());
    ASSERT_TRUE(at.store) << at.error->text();
    EXPECT_EQ(at.store->epoch(), start);
  }
}

TEST(JournalDeathTest, RefusesTheEpochOfAnEarlierOwner) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        const TempDir dir;
        Opened at(dir.path());
        Event event = at.event(EventType::run_created, "r");
        event.epoch -= 1;
        at.get(at.store->append({event}, {}));
      },
      "check failed.*epoch");
}

TEST(Journal, ListenersHearEachEventOnceInOrderAfterItIsDurable) {
  const TempDir dir;
  Opened at(dir.path());
  std::vector<std::uint64_t> heard;
  std::vector<std::uint64_t> also;
  std::uint64_t second = 0;
  at.store->subscribe([&](const Recorded& recorded) {
    heard.push_back(recorded.seq);
    if (recorded.seq == 2) at.store->unsubscribe(second);
    // One that is made while telling hears from the next event on.
    if (recorded.seq == 3) at.store->subscribe([&](const Recorded& later) { also.push_back(later.seq + 100); });
  });
  second = at.store->subscribe([&](const Recorded& recorded) { also.push_back(recorded.seq); });
  at.get(at.store->append({at.event(EventType::run_created, "r"), at.event(EventType::run_planned, "r")}, {}));
  at.get(at.store->append({at.event(EventType::run_started, "r"), at.event(EventType::run_ended, "r")}, {}));
  EXPECT_EQ(heard, (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(also, (std::vector<std::uint64_t>{1, 104}));
}

TEST(Journal, AListenerMayRemoveItself) {
  const TempDir dir;
  Opened at(dir.path());
  int heard = 0;
  std::uint64_t handle = 0;
  handle = at.store->subscribe([&](const Recorded&) {
    ++heard;
    at.store->unsubscribe(handle);
  });
  at.get(at.store->append({at.event(EventType::run_created, "r"), at.event(EventType::run_ended, "r")}, {}));
  EXPECT_EQ(heard, 1);
}

// 200 coroutines append at once, each waits for its own; sequence numbers are without gaps, and answers come in order.
TEST(Journal, ManyAppendsAtOnceKeepTheirOrder) {
  const TempDir dir;
  Opened at(dir.path());
  std::vector<std::uint64_t> answered;
  std::vector<std::uint64_t> heard;
  at.store->subscribe([&](const Recorded& recorded) { heard.push_back(recorded.seq); });
  for (int i = 0; i < 200; ++i) {
    boost::asio::co_spawn(
        at.loop,
        [&at, &answered, i]() -> Awaitable<void> {
          const std::string run = "run-" + std::to_string(i);
          answered.push_back(co_await at.store->append({at.event(EventType::run_created, run)}, {}));
          const auto events = co_await at.store->events(run, 0);
          EXPECT_EQ(events.size(), 1u);
          if (!events.empty()) EXPECT_EQ(events[0].seq, static_cast<std::uint64_t>(i + 1));
        },
        [](const std::exception_ptr& thrown) {
          if (thrown) std::rethrow_exception(thrown);
        });
  }
  at.loop.run();
  ASSERT_EQ(answered.size(), 200u);
  EXPECT_TRUE(std::ranges::is_sorted(answered));
  EXPECT_EQ(heard, answered);
}

// What was asked for is written even when nobody waits any more.
TEST(Journal, ClosingWritesWhatWasAppended) {
  const TempDir dir;
  {
    Opened at(dir.path());
    for (int i = 0; i < 50; ++i)
      boost::asio::co_spawn(at.loop, at.store->append({at.event(EventType::run_created, "r")}, {}),
                            boost::asio::detached);
    at.loop.poll();  // all have asked; hardly any was answered
    at.store.reset();
    at.loop.run();  // answers that were on their way are given, without a store
  }
  Opened at(dir.path());
  ASSERT_TRUE(at.store) << at.error->text();
  EXPECT_EQ(at.get(at.store->events("r", 0)).size(), 50u);
}

TEST(Journal, IsKeptAsTheProtocolDemands) {
  const TempDir dir;
  {
    const Opened at(dir.path());
  }
  // A clean end leaves no log behind: all of it is in the database.
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "belay.db-wal"));
  EXPECT_EQ(std::filesystem::status(dir.path()).permissions(), std::filesystem::perms::owner_all);
  const std::string header = testing::slurp(dir.path() / "belay.db").substr(0, 20);
  ASSERT_EQ(header.size(), 20u);
  EXPECT_EQ(header[18], 2) << "not in write-ahead mode";
}

}  // namespace
}  // namespace belay::store
