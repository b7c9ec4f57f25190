// The event stream: every event once, in order, however reading and happening interleave; and what hosts printed.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "daemon/api/documents.hpp"
#include "daemon/base/ulid.hpp"
#include "tests/api/server/daemon.hpp"

namespace belay::api::test {
namespace {

const std::string run = "01JD3Z6W0Q4T5V8X9Y1A2B3C4D";

std::vector<std::uint64_t> ids_in(const std::string& stream) {
  std::vector<std::uint64_t> ids;
  for (std::size_t at = stream.find("id: "); at != std::string::npos; at = stream.find("\nid: ", at + 1)) {
    ids.push_back(std::stoull(stream.substr(stream.find(' ', at) + 1)));
  }
  return ids;
}

std::string listen_request(const std::string& id, std::uint64_t after) {
  return request("GET", "/v1/runs/" + id + "/events", "",
                 after > 0 ? "Last-Event-ID: " + std::to_string(after) + "\r\n" : "");
}

Event happening(const std::string& id, int n) {
  return Event{.type = EventType::apply_done,
               .run = id,
               .host = "web" + std::to_string(n % 3),
               .step = 1 + n % 4,
               .note = "n " + std::to_string(n)};
}

// Sequence numbers of the run's own events after `after`, as the journal has them.
std::vector<std::uint64_t> journalled(Daemon& daemon, const std::string& id, std::uint64_t after) {
  const auto events = daemon.on_loop<std::vector<Recorded>>([&] { return daemon.store->events(id, after); });
  std::vector<std::uint64_t> out;
  for (const Recorded& each : events) out.push_back(each.seq);
  return out;
}

// Some happen before the reader comes, some while it reads, some of another run in between; it may have seen some
// already. One daemon serves all cases: every append is synced to the disk, and opening a store is more than that.
RC_GTEST_PROP(Events, ComeOnceAndInOrder, ()) {
  static Daemon daemon;
  static std::uint8_t count = 0;
  std::array<std::uint8_t, 10> random{};
  random[9] = ++count;
  const std::string mine = make_ulid(1, random);
  const std::string theirs = make_ulid(2, random);
  daemon.begin_run(mine);
  daemon.begin_run(theirs);
  const auto happen = [&](int most) {
    for (int rounds = *rc::gen::inRange(0, most); rounds > 0; --rounds) {
      std::vector<Event> several;
      for (int k = *rc::gen::inRange(1, 6); k > 0; --k)
        several.push_back(happening(*rc::gen::element(mine, mine, theirs), k));
      daemon.append(several);
    }
  };
  happen(6);
  const std::uint64_t after =
      *rc::gen::elementOf(journalled(daemon, mine, 0)) * (*rc::gen::arbitrary<bool>() ? 1u : 0u);
  Client client(daemon.socket());
  client.send(listen_request(mine, after));
  happen(8);
  daemon.end_run(mine, 2);
  const Answer answer = client.answer();
  RC_ASSERT(answer.status == 200);
  RC_ASSERT(ids_in(answer.body) == journalled(daemon, mine, after));
}

TEST(Events, CarryWhatHappened) {
  Daemon daemon;
  daemon.begin_run(run);
  daemon.append({Event{.type = EventType::apply_done,
                       .run = run,
                       .host = "web1",
                       .step = 3,
                       .ok = false,
                       .rc = 7,
                       .note = "line\nbreak: data: x\x1b[2J"}});
  daemon.end_run(run, 2);
  const Answer answer = ask(daemon, "GET", "/v1/runs/" + run + "/events?after=1");
  const std::size_t data = answer.body.find("data: ");
  ASSERT_NE(data, std::string::npos);
  EXPECT_NE(answer.body.find("event: apply-done\n"), std::string::npos);
  const Json event = Json::parse(answer.body.substr(data + 6, answer.body.find('\n', data) - data - 6));
  EXPECT_EQ(event["host"], "web1");
  EXPECT_EQ(event["step"], 3);
  EXPECT_EQ(event["ok"], false);
  EXPECT_EQ(event["rc"], 7);
  EXPECT_EQ(answer.body.find('\x1b'), std::string::npos);
}

TEST(Events, OfARunThatIsOverEndAtOnce) {
  Daemon daemon;
  daemon.begin_run(run);
  daemon.end_run(run, 0);
  const auto all = journalled(daemon, run, 0);
  EXPECT_EQ(ids_in(ask(daemon, "GET", "/v1/runs/" + run + "/events").body), all);
  Client client(daemon.socket());
  client.send(listen_request(run, all.back()));
  EXPECT_TRUE(ids_in(client.answer().body).empty());
}

TEST(Events, OfNoRunAreNotFound) {
  Daemon daemon;
  EXPECT_EQ(ask(daemon, "GET", "/v1/runs/" + run + "/events").status, 404);
  EXPECT_EQ(ask(daemon, "GET", "/v1/runs/" + run + "/logs").status, 404);
  EXPECT_EQ(ask(daemon, "GET", "/v1/runs/" + run + "/logs?follow=true").status, 404);
}

TEST(Events, SilenceIsFilledWithHeartbeats) {
  ApiLimits limits;
  limits.heartbeat = Milliseconds{20};
  Daemon daemon(limits);
  daemon.begin_run(run);
  Client client(daemon.socket());
  client.send(listen_request(run, 0));
  const auto beats = [](const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = text.find(": nothing new"); at != std::string::npos; at = text.find(": nothing new", at + 1))
      ++count;
    return count >= 3;
  };
  EXPECT_TRUE(beats(client.read(beats)));
}

// Why: a console in a forgotten window must not eat the daemon's memory; it loses nothing, it comes back where it was.
TEST(Events, ASlowReaderIsCutAndLosesNothing) {
  ApiLimits limits;
  limits.stream_buffer = 64u << 10;
  Daemon daemon(limits);
  daemon.begin_run(run);
  Client slow(daemon.socket());
  slow.send(listen_request(run, 0));
  ASSERT_NE(slow.read([](const std::string& text) { return text.find("id: 1\n") != std::string::npos; }), "");
  // More than the kernel's buffers and ours hold together.
  for (int i = 0; i < 64; ++i) {
    std::vector<Event> batch;
    for (int k = 0; k < 16; ++k) {
      batch.push_back(happening(run, k));
      batch.back().note = std::string(2000, 'x');
    }
    daemon.append(batch);
  }
  const auto seen = ids_in(slow.read());  // until the daemon closes
  ASSERT_FALSE(seen.empty());
  const auto all = journalled(daemon, run, 0);
  ASSERT_LT(seen.size(), all.size()) << "it was not cut";
  daemon.end_run(run, 0);
  Client back(daemon.socket());
  // The last one it has whole may be cut in the middle of its data: it asks from the one before.
  const std::uint64_t last = seen.size() > 1 ? seen[seen.size() - 2] : 0;
  back.send(listen_request(run, last));
  EXPECT_EQ(ids_in(back.answer().body), journalled(daemon, run, last));
}

TEST(Events, EndWhenTheDaemonStops) {
  Daemon daemon;
  daemon.begin_run(run);
  Client client(daemon.socket());
  client.send(listen_request(run, 0));
  ASSERT_NE(client.read([](const std::string& text) { return text.find("id: 1\n") != std::string::npos; }), "");
  daemon.stop();
  EXPECT_TRUE(client.closed());
}

TEST(Logs, AreWhatHostsPrintedMadeSafe) {
  Daemon daemon;
  daemon.begin_run(run);
  const std::string said = "ok\n\x1b[2J\x1b]0;owned\x07 \r evil \xe2\x80\xae \xff {{ x }} $(id)\n";
  const auto blob = daemon.blobs->put(said);
  ASSERT_TRUE(blob);
  daemon.append(
      {Event{.type = EventType::apply_done, .run = run, .host = "web1", .step = 2, .output = blob->hex()},
       Event{.type = EventType::restored, .run = run, .host = "web2", .step = 1, .output = std::string(64, '0')},
       Event{.type = EventType::committed, .run = run, .host = "web1", .step = 2}});
  const auto lines = [&](const std::string& query) {
    std::vector<Json> out;
    const std::string body = ask(daemon, "GET", "/v1/runs/" + run + "/logs" + query).body;
    for (std::size_t at = 0; at < body.size();) {
      const std::size_t end = body.find('\n', at);
      out.push_back(Json::parse(body.substr(at, end - at)));
      at = end + 1;
    }
    return out;
  };
  const auto all = lines("");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]["op"], "apply");
  const std::string text = all[0]["text"];
  EXPECT_TRUE(text.starts_with("ok\n"));
  for (const char c : {'\x1b', '\x07', '\r'}) EXPECT_EQ(text.find(c), std::string::npos);
  EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos) << "a bidirectional override got through";
  EXPECT_NE(text.find("{{ x }} $(id)"), std::string::npos);
  EXPECT_FALSE(all[1]["problem"].get<std::string>().empty());  // its blob is gone, and it says so
  EXPECT_EQ(lines("?host=web2").size(), 1u);
  EXPECT_EQ(lines("?step=2").size(), 1u);
  EXPECT_EQ(lines("?host=web1&step=1").size(), 0u);
  EXPECT_EQ(lines("?after=" + all[0]["seq"].dump()).size(), 1u);
}

TEST(Logs, CanBeFollowedToTheEnd) {
  Daemon daemon;
  daemon.begin_run(run);
  Client client(daemon.socket());
  client.send(request("GET", "/v1/runs/" + run + "/logs?follow=true"));
  const auto blob = daemon.blobs->put("hello\n");
  daemon.append({Event{.type = EventType::apply_done, .run = run, .host = "web1", .step = 1, .output = blob->hex()}});
  daemon.end_run(run, 0);
  const Answer answer = client.answer();
  EXPECT_NE(answer.body.find("hello"), std::string::npos);
}

}  // namespace
}  // namespace belay::api::test
