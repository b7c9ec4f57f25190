// The socket's owner and mode, one daemon per socket, graceful ends, and requests that are repeated.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/api/documents.hpp"
#include "tests/api/server/daemon.hpp"

namespace belay::api::test {
namespace {

const std::string roll_back = R"({"kind":"rollback","application":"portal","environment":"test"})";

mode_t mode_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

TEST(Socket, IsTheDaemonsAlone) {
  Daemon daemon;
  EXPECT_EQ(mode_of(daemon.socket()), 0600u);
}

TEST(Socket, IsSharedWithAGroupWhenAsked) {
  Daemon daemon;
  const std::string path = (daemon.folder() / "group.sock").native();
  boost::asio::io_context loop;
  const auto server = Server::open(loop, {path, ::getgid()}, *daemon.context);
  ASSERT_TRUE(server) << server.error().text();
  EXPECT_EQ(mode_of(path), 0660u);
}

TEST(Socket, OfALivingDaemonIsNotTaken) {
  Daemon daemon;
  boost::asio::io_context loop;
  const auto second = Server::open(loop, {daemon.socket(), std::nullopt}, *daemon.context);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Kind::conflict);
  EXPECT_EQ(ask(daemon, "GET", "/healthz").status, 200);
}

TEST(Socket, OfADeadDaemonIsReplacedAndAFileIsNot) {
  Daemon daemon;
  boost::asio::io_context loop;
  const std::string path = (daemon.folder() / "dead.sock").native();
  {
    ASSERT_TRUE(Server::open(loop, {path, std::nullopt}, *daemon.context));
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  EXPECT_TRUE(Server::open(loop, {path, std::nullopt}, *daemon.context));
  const std::string file = (daemon.folder() / "state" / "belay.db").native();
  EXPECT_FALSE(Server::open(loop, {file, std::nullopt}, *daemon.context));
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_FALSE(Server::open(loop, {"/" + std::string(120, 'x'), std::nullopt}, *daemon.context));
  EXPECT_FALSE(Server::open(loop, {"/nowhere/at/all.sock", std::nullopt}, *daemon.context));
}

TEST(Stop, FinishesWhatIsInHandAndEndsTheRest) {
  Daemon daemon;
  boost::asio::steady_timer* gate = nullptr;
  daemon.control->before_start = [&]() -> Awaitable<void> {
    boost::asio::steady_timer held(co_await boost::asio::this_coro::executor, std::chrono::milliseconds(300));
    gate = &held;
    co_await held.async_wait(boost::asio::use_awaitable);
  };
  Client idle(daemon.socket());
  idle.send(request("GET", "/healthz"));
  ASSERT_EQ(idle.answer().status, 200);
  Client busy(daemon.socket());
  busy.send(request("POST", "/v1/runs", roll_back));
  ASSERT_TRUE(daemon.until([&] { return gate != nullptr; }));
  daemon.stop();
  EXPECT_EQ(busy.answer().status, 202);
  EXPECT_TRUE(idle.closed());
  EXPECT_FALSE(std::filesystem::exists(daemon.socket()));
  EXPECT_FALSE(Client(daemon.socket()).connected());
}

TEST(Stop, CutsWhatTakesTooLong) {
  ApiLimits limits;
  limits.stop_deadline = Milliseconds{50};
  Daemon daemon(limits);
  Client uploading(daemon.socket());
  uploading.send("POST /v1/packages HTTP/1.1\r\nHost: b\r\nContent-Length: 1000\r\n\r\nabc");
  ASSERT_TRUE(daemon.until([&] { return daemon.server->connections() == 1; }));
  daemon.stop();
  EXPECT_TRUE(uploading.closed());
}

const std::string key = "Idempotency-Key: 7b0e\r\n";

TEST(Idempotency, GivesTheSameAnswerToTheSameRequest) {
  Daemon daemon;
  const Answer first = ask(daemon, "POST", "/v1/runs", roll_back, key);
  const Answer again = ask(daemon, "POST", "/v1/runs", roll_back, key);
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(first.body, again.body);
  EXPECT_EQ(daemon.control->started.size(), 1u);
  EXPECT_EQ(ask(daemon, "POST", "/v1/runs", roll_back).status, 202);
  EXPECT_EQ(daemon.control->started.size(), 2u);
}

TEST(Idempotency, RefusesTheKeyForAnotherRequest) {
  Daemon daemon;
  ASSERT_EQ(ask(daemon, "POST", "/v1/runs", roll_back, key).status, 202);
  const std::string another = R"({"kind":"rollback","application":"other","environment":"test"})";
  EXPECT_EQ(ask(daemon, "POST", "/v1/runs", another, key).status, 409);
  EXPECT_EQ(ask(daemon, "POST", "/v1/environments/test/check", "{}", key).status, 200);  // another path: another key
  EXPECT_EQ(daemon.control->started.size(), 1u);
}

TEST(Idempotency, MakesARepeatWaitForTheFirst) {
  Daemon daemon;
  boost::asio::steady_timer* gate = nullptr;
  daemon.control->before_start = [&]() -> Awaitable<void> {
    boost::asio::steady_timer held(co_await boost::asio::this_coro::executor,
                                   std::chrono::steady_clock::time_point::max());
    gate = &held;
    (void)co_await held.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  };
  Client first(daemon.socket());
  first.send(request("POST", "/v1/runs", roll_back, key));
  ASSERT_TRUE(daemon.until([&] { return gate != nullptr; }));
  Client repeat(daemon.socket());
  repeat.send(request("POST", "/v1/runs", roll_back, key));
  ASSERT_TRUE(daemon.until([&] { return daemon.server->connections() == 2; }));
  ASSERT_TRUE(daemon.until([&] {
    gate->cancel();
    return true;
  }));
  const Answer one = first.answer();
  const Answer two = repeat.answer();
  EXPECT_EQ(one.status, 202);
  EXPECT_EQ(one.body, two.body);
  EXPECT_EQ(daemon.control->started.size(), 1u);
}

TEST(Idempotency, DoesNotRememberWhatMayBeTriedAgain) {
  Daemon daemon;
  daemon.control->refusal = Error{Kind::unreachable, "no host answers", "", {}};
  EXPECT_EQ(ask(daemon, "POST", "/v1/runs", roll_back, key).status, 502);
  daemon.control->refusal.reset();
  EXPECT_EQ(ask(daemon, "POST", "/v1/runs", roll_back, key).status, 202);
}

TEST(Idempotency, ForgetsTheOldestBeyondItsBound) {
  ApiLimits limits;
  limits.idempotency_entries = 3;
  Daemon daemon(limits);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(ask(daemon, "POST", "/v1/runs", roll_back, "Idempotency-Key: k" + std::to_string(i) + "\r\n").status,
              202);
  }
  EXPECT_EQ(daemon.control->started.size(), 5u);
  (void)ask(daemon, "POST", "/v1/runs", roll_back, "Idempotency-Key: k4\r\n");
  EXPECT_EQ(daemon.control->started.size(), 5u);
  (void)ask(daemon, "POST", "/v1/runs", roll_back, "Idempotency-Key: k0\r\n");
  EXPECT_EQ(daemon.control->started.size(), 6u);
}

TEST(AccessLog, SaysWhoAskedWhatAndWhatCameOfIt) {
  Daemon daemon;
  (void)ask(daemon, "GET", "/v1/nothing");
  ASSERT_TRUE(daemon.until([&] { return !daemon.log.empty(); }));
  EXPECT_EQ(daemon.log[0].method, "GET");
  EXPECT_EQ(daemon.log[0].path, "/v1/nothing");
  EXPECT_EQ(daemon.log[0].status, 404);
  EXPECT_FALSE(daemon.log[0].actor.empty());
  EXPECT_FALSE(daemon.log[0].problem.empty());
}

}  // namespace
}  // namespace belay::api::test
