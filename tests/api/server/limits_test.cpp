// What a client may not do, and what it costs the daemon when it tries (threats J-73).
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "daemon/api/documents.hpp"
#include "tests/api/server/daemon.hpp"

namespace belay::api::test {
namespace {

struct Case {
  std::string name;
  std::string bytes;
  int status;
};

std::string deep(std::size_t depth) {
  return R"({"reason":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
}

std::vector<Case> cases() {
  const std::string get = "GET /v1/status HTTP/1.1\r\nHost: belay\r\n";
  const std::string post = "POST /v1/plans HTTP/1.1\r\nHost: belay\r\nContent-Type: application/json\r\n";
  const auto json = [](const std::string& body) { return request("POST", "/v1/plans", body); };
  std::string many_fields = get;
  for (int i = 0; i < 2000; ++i) many_fields += "X-" + std::to_string(i) + ": 1\r\n";
  return {
      {"garbage", "\x16\x03\x01\x02 hello\r\n\r\n", 400},
      {"no method", " / HTTP/1.1\r\n\r\n", 400},
      {"header of 8 kB and one", get + "X: " + std::string(8193, 'x') + "\r\n\r\n", 431},
      {"header without end", get + "X: " + std::string(200'000, 'x'), 431},
      {"target without end", "GET /" + std::string(200'000, 'x'), 431},
      {"two thousand fields", many_fields + "\r\n", 431},
      {"no host", "GET /v1/status HTTP/1.1\r\n\r\n", 400},
      {"two hosts", get + "Host: other\r\n\r\n", 400},
      {"HTTP/1.0", "GET /v1/status HTTP/1.0\r\nHost: belay\r\n\r\n", 505},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"a bare LF in a field", get + "X: a\nY: b\r\n\r\n", 400},
      {"NUL in a field", get + "X: a" + std::string(1, '\0') + "b\r\n\r\n", 400},
      {"blank before the colon", get + "X : a\r\n\r\n", 400},
      {"a folded field that hides a body", get + "X: a\r\n Content-Length: 5\r\n\r\n", 200},
      {"chunked", post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 411},
      {"a chunk bomb", post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", 411},
      {"CL and TE", post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400},
      {"TE and CL", post + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", 400},
      {"TE of another kind", post + "Transfer-Encoding: gzip\r\n\r\n", 411},
      {"two lengths", post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
      {"a negative length", post + "Content-Length: -2\r\n\r\n{}", 400},
      {"a length with a sign", post + "Content-Length: +2\r\n\r\n{}", 400},
      {"a length beyond 64 bits", post + "Content-Length: 99999999999999999999999\r\n\r\n{}", 400},
      {"a body of 1 MiB and one", post + "Content-Length: 1048577\r\n\r\n", 413},
      {"a gzip body", post + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 415},
      {"a form", "POST /v1/plans HTTP/1.1\r\nHost: b\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415},
      {"an upload of unknown size", "POST /v1/packages HTTP/1.1\r\nHost: b\r\n\r\n", 411},
      {"an upload beyond the limit", "POST /v1/packages HTTP/1.1\r\nHost: b\r\nContent-Length: 99999999999\r\n\r\n",
       413},
      {"a web page", get + "Origin: null\r\n\r\n", 403},
      {"a websocket", get + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 400},
      {"another expectation", post + "Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}", 400},
      {"an idempotency key too long", get + "Idempotency-Key: " + std::string(65, 'k') + "\r\n\r\n", 400},
      {"two idempotency keys", get + "Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n", 400},
      {"a range", get + "Range: bytes=0-1\r\n\r\n", 200},
      {"no JSON", json("{"), 400},
      {"text behind the JSON", json("{}{}"), 400},
      {"a member twice", json(R"({"package":"a","package":"b"})"), 400},
      {"10^5 deep", json(deep(100'000)), 400},
      {"no UTF-8", json("{\"package\":\"\xff\"}"), 400},
      {"NaN", json(R"({"package":NaN})"), 400},
      {"a byte order mark", json("\xef\xbb\xbf{}"), 400},
  };
}

TEST(Limits, EachHasItsAnswerAndTheDaemonGoesOn) {
  Daemon daemon;
  for (const Case& each : cases()) {
    Client client(daemon.socket());
    client.send(each.bytes);
    const Answer answer = client.answer();
    EXPECT_EQ(answer.status, each.status) << each.name << ": " << answer.body;
    if (each.status >= 400) {
      EXPECT_TRUE(Json::accept(answer.body)) << each.name << ": " << answer.body;
    }
  }
  EXPECT_EQ(ask(daemon, "GET", "/v1/status").status, 200);
  EXPECT_TRUE(daemon.control->started.empty());
  EXPECT_TRUE(daemon.received.empty());
}

ApiLimits hasty() {
  ApiLimits limits;
  limits.idle_deadline = limits.header_deadline = limits.body_deadline = limits.write_deadline = Milliseconds{100};
  return limits;
}

TEST(Limits, ASlowHeaderIsCut) {
  Daemon daemon(hasty());
  Client client(daemon.socket());
  client.send("GET /v1/status HT");
  EXPECT_EQ(client.answer().status, 408);
  EXPECT_TRUE(client.closed());
}

// Why: one byte now and then must not renew the deadline.
TEST(Limits, ADribbledHeaderIsCut) {
  Daemon daemon(hasty());
  Client client(daemon.socket());
  client.send("GET /v1/status HTTP/1.1\r\n");
  while (client.send("X: y\r\n")) {
    if (daemon.connections() == 0) break;
  }
  EXPECT_TRUE(daemon.until([&] { return daemon.server->connections() == 0; }));
}

TEST(Limits, ASlowBodyIsCut) {
  Daemon daemon(hasty());
  Client client(daemon.socket());
  client.send("POST /v1/plans HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
  EXPECT_EQ(client.answer().status, 408);
  EXPECT_TRUE(client.closed());
}

TEST(Limits, ASlowUploadIsCutAndLeavesNothing) {
  Daemon daemon(hasty());
  Client client(daemon.socket());
  client.send("POST /v1/packages HTTP/1.1\r\nHost: b\r\nContent-Length: 1000000\r\n\r\nabc");
  EXPECT_EQ(client.answer().status, 408);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(daemon.folder() / "state" / "blobs")) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 0u);
}

TEST(Limits, AnIdleConnectionEnds) {
  Daemon daemon(hasty());
  Client never_spoke(daemon.socket());
  Client spoke(daemon.socket());
  spoke.send(request("GET", "/v1/status"));
  EXPECT_EQ(spoke.answer().status, 200);
  EXPECT_TRUE(never_spoke.closed());
  EXPECT_TRUE(spoke.closed());
}

// Why: a client that never reads must not hold its answer in memory for ever.
TEST(Limits, AReaderWhoDoesNotReadIsCut) {
  Daemon daemon(hasty());
  daemon.control->document = '"' + std::string(8u << 20, 'x') + '"';
  Client client(daemon.socket());
  client.send(request("GET", "/v1/diff?application=portal&environment=test"));
  EXPECT_TRUE(daemon.until([&] { return !daemon.log.empty() && daemon.server->connections() == 0; }));
}

TEST(Limits, PipelinedRequestsAreAnsweredInOrder) {
  Daemon daemon;
  Client client(daemon.socket());
  std::string good;
  for (int i = 0; i < 50; ++i) good += request("GET", i % 2 == 0 ? "/healthz" : "/v1/status");
  client.send(good);
  for (int i = 0; i < 50; ++i) {
    const Answer answer = client.answer();
    ASSERT_EQ(answer.status, 200) << i;
    EXPECT_EQ(answer.body.find("ok") != std::string::npos, i % 2 == 0) << i << ' ' << answer.body;
  }
}

// Why: what follows a refused request on the same connection may be its body in disguise.
TEST(Limits, NothingIsReadBehindARefusal) {
  Daemon daemon;
  Client client(daemon.socket());
  const std::string start =
      request("POST", "/v1/runs", R"({"kind":"rollback","application":"portal","environment":"test"})");
  client.send(
      "POST /v1/plans HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
      start);
  EXPECT_EQ(client.answer().status, 411);
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(daemon.control->started.empty());
}

TEST(Limits, AThousandIdleConnectionsAreNobodysBusiness) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 8192);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  ASSERT_GE(files.rlim_cur, 4096u) << "this test needs descriptors for both ends of a thousand connections";
  Daemon daemon;
  std::vector<Client> idle;
  for (int i = 0; i < 1000; ++i) {
    idle.emplace_back(daemon.socket());
    ASSERT_TRUE(idle.back().connected()) << i;
  }
  EXPECT_TRUE(daemon.until([&] { return daemon.server->connections() == 1000; }));
  EXPECT_EQ(ask(daemon, "GET", "/v1/status").status, 200);
  idle.clear();
  EXPECT_TRUE(daemon.until([&] { return daemon.server->connections() == 0; }));
}

TEST(Limits, OneConnectionTooManyIsToldSo) {
  ApiLimits limits;
  limits.connections_per_user = 3;
  Daemon daemon(limits);
  std::vector<Client> idle;
  for (int i = 0; i < 3; ++i) idle.emplace_back(daemon.socket());
  ASSERT_TRUE(daemon.until([&] { return daemon.server->connections() == 3; }));
  Client late(daemon.socket());
  EXPECT_EQ(late.answer().status, 503);
  idle.pop_back();
  EXPECT_TRUE(daemon.until([&] { return daemon.server->connections() == 2; }));
  EXPECT_EQ(ask(daemon, "GET", "/v1/status").status, 200);
}

}  // namespace
}  // namespace belay::api::test
