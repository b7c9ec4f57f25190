// The daemon's side of workers, with the real belay-local: input, output, ends, order, death, memory.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <filesystem>
#include <fstream>

#include "daemon/base/digest.hpp"
#include "daemon/worker/worker_transport.hpp"
#include "tests/support/loop/loop.hpp"

namespace belay {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using port::ExecRequest;
using port::ExecResult;
using ::testing::HasSubstr;
using End = ExecResult::End;

const port::HostAddress here{"here", "", 0, "", {}, "local", ""};

class LocalWorker : public ::testing::Test {
 protected:
  LocalWorker() { options_.programs = BELAY_WORKER_DIR; }

  void start() { transport_ = std::make_unique<WorkerTransport>(loop_.io.get_executor(), options_); }

  std::shared_ptr<port::Connection> connect() {
    if (!transport_) start();
    return loop_.run(transport_->open(here, {}, std::chrono::seconds(60))).value();
  }

  ExecResult exec(const std::string& command) {
    ExecRequest request;
    request.command = command;
    return loop_.run(connect()->exec(std::move(request)));
  }

  test::Loop loop_;
  WorkerOptions options_;
  std::unique_ptr<WorkerTransport> transport_;
};

TEST_F(LocalWorker, ReportsHowACommandEnded) {
  const auto fine = exec("echo out; echo err >&2");
  EXPECT_TRUE(fine.ok());
  EXPECT_EQ(fine.out, "out\n");
  EXPECT_EQ(fine.err, "err\n");

  const auto failed = exec("exit 255");
  EXPECT_EQ(failed.end, End::exited);
  EXPECT_EQ(failed.status, 255);

  const auto killed = exec("kill -KILL $$");
  EXPECT_EQ(killed.end, End::signalled);
  EXPECT_EQ(killed.signal, "KILL");
}

TEST_F(LocalWorker, KeepsTheLoginAfterAFailedCommand) {
  const auto connection = connect();
  for (const char* command : {"exit 3", "kill -TERM $$", "true"}) {
    ExecRequest request;
    request.command = command;
    EXPECT_TRUE(loop_.run(connection->exec(std::move(request))).known()) << command;
    EXPECT_TRUE(connection->alive());
  }
}

TEST_F(LocalWorker, GivesCommandsACleanEnvironmentAndNoDescriptors) {
  const auto result = exec("env | sort; ls /proc/self/fd");
  // `ls` itself opens the directory as 3; the shell sets PWD and the like.
  EXPECT_THAT(result.out, HasSubstr("LC_ALL=C\n"));
  EXPECT_THAT(result.out, ::testing::Not(HasSubstr("HOME=")));
  EXPECT_THAT(result.out, ::testing::EndsWith("0\n1\n2\n3\n"));
}

TEST_F(LocalWorker, EndsAtTheDeadlineAndSaysUnknown) {
  const auto connection = connect();
  ExecRequest request;
  request.command = "sleep 30";
  request.deadline = std::chrono::milliseconds(100);
  const auto result = loop_.run(connection->exec(std::move(request)));
  EXPECT_EQ(result.end, End::timed_out);
  EXPECT_FALSE(result.known());
  EXPECT_FALSE(connection->alive());
  EXPECT_FALSE(connection->why_dead().empty());
}

TEST_F(LocalWorker, RunsCommandsOfOneConnectionInOrder) {
  using namespace asio::experimental::awaitable_operators;
  const auto connection = connect();
  std::string order;
  const auto one = [&](std::string command, char mark) -> awaitable<int> {
    ExecRequest request;
    request.command = std::move(command);
    const auto result = co_await connection->exec(std::move(request));
    EXPECT_TRUE(result.ok());
    order.push_back(mark);
    co_return 0;
  };
  loop_.run([&]() -> awaitable<int> {
    co_await (one("read -r x; sleep 0.2", 'a') && one("true", 'b') && one("true", 'c'));
    co_return 0;
  }());
  EXPECT_EQ(order, "abc");
}

TEST_F(LocalWorker, ErrorOfTheInputLosesTheCommand) {
  const auto connection = connect();
  ExecRequest request;
  request.command = "cat >/dev/null";
  request.input = []() -> awaitable<Result<std::string>> { co_return fail(Kind::io, "the blob cannot be read"); };
  const auto result = loop_.run(connection->exec(std::move(request)));
  EXPECT_EQ(result.end, End::lost);
  EXPECT_THAT(result.reason, HasSubstr("the blob cannot be read"));
  EXPECT_FALSE(connection->alive());
}

TEST_F(LocalWorker, CommandThatDoesNotWantItsInputStillEnds) {
  ExecRequest request;
  request.command = "exec <&-; exit 7";
  request.input = []() -> awaitable<Result<std::string>> { co_return std::string(100'000, 'x'); };
  const auto result = loop_.run(connect()->exec(std::move(request)));
  EXPECT_EQ(result.end, End::exited);
  EXPECT_EQ(result.status, 7);
}

TEST_F(LocalWorker, OutputBeyondTheLimitIsDroppedAndNoted) {
  ExecRequest request;
  request.command = "head -c 5000000 /dev/zero; echo end >&2";
  request.output_limit = 1000;
  const auto result = loop_.run(connect()->exec(std::move(request)));
  EXPECT_TRUE(result.ok());
  EXPECT_TRUE(result.truncated);
  EXPECT_EQ(result.out.size(), 1000U);
  EXPECT_EQ(result.err, "end\n");
}

TEST_F(LocalWorker, SinkMayCloseTheConnection) {
  const auto connection = connect();
  ExecRequest request;
  request.command = "echo stop; exec sleep 30";
  request.output = [&](port::Stream, std::string_view) { connection->close(); };
  const auto result = loop_.run(connection->exec(std::move(request)));
  EXPECT_EQ(result.end, End::lost);
}

TEST_F(LocalWorker, CancelledExecClosesTheConnection) {
  using namespace asio::experimental::awaitable_operators;
  const auto connection = connect();
  loop_.run([&]() -> awaitable<int> {
    ExecRequest request;
    request.command = "sleep 30";
    asio::steady_timer soon(co_await asio::this_coro::executor, std::chrono::milliseconds(20));
    co_await (connection->exec(std::move(request)) || soon.async_wait(asio::use_awaitable));
    co_return 0;
  }());
  EXPECT_FALSE(connection->alive());
}

TEST_F(LocalWorker, SixtyFourConnectionsShareAWorkerAndTheNextGetsItsOwn) {
  start();
  std::vector<std::shared_ptr<port::Connection>> connections;
  for (int i = 0; i < 64; ++i) connections.push_back(connect());
  EXPECT_EQ(transport_->workers().size(), 1U);
  connections.push_back(connect());
  EXPECT_EQ(transport_->workers().size(), 2U);
  // A place that was given back is used again.
  connections[3]->close();
  connections.push_back(connect());
  EXPECT_EQ(transport_->workers().size(), 2U);
}

TEST_F(LocalWorker, IsolationGivesEachHostItsOwnProcess) {
  options_.connections_per_worker = 1;
  const auto a = connect();
  const auto b = connect();
  EXPECT_EQ(transport_->workers().size(), 2U);
}

TEST_F(LocalWorker, KilledInMidExecIsLostAndTheNextOpenStartsAFreshOne) {
  const auto running = connect();
  const auto idle = connect();
  const pid_t pid = transport_->workers().at(0);
  ExecRequest request;
  request.command = "echo started; exec sleep 30";
  request.output = [&](port::Stream, std::string_view) { kill(pid, SIGKILL); };
  const auto result = loop_.run(running->exec(std::move(request)));
  EXPECT_EQ(result.end, End::lost);
  EXPECT_THAT(result.reason, HasSubstr("signal KILL"));
  EXPECT_FALSE(running->alive());
  EXPECT_TRUE(loop_.until([&] { return !idle->alive(); }));
  EXPECT_TRUE(exec("true").ok());
  EXPECT_NE(transport_->workers().at(0), pid);
}

TEST_F(LocalWorker, EndsWithTheTransportAndLeavesNothing) {
  options_.scratch = std::filesystem::temp_directory_path() / fmt::format("belay-scratch-{}", getpid());
  std::filesystem::create_directories(options_.scratch);
  pid_t pid = 0;
  {
    auto connection = connect();
    pid = transport_->workers().at(0);
    transport_.reset();
    ExecRequest request;
    request.command = "true";
    EXPECT_TRUE(loop_.run(connection->exec(std::move(request))).ok()) << "a retired worker serves its last connection";
  }
  EXPECT_TRUE(loop_.until([&] { return kill(pid, 0) != 0; }));
  EXPECT_TRUE(loop_.until([&] { return std::filesystem::is_empty(options_.scratch); }));
  std::filesystem::remove_all(options_.scratch);
}

TEST_F(LocalWorker, MissingProgramIsSaidInWords) {
  options_.programs = "/nonexistent";
  start();
  const auto connection = loop_.run(transport_->open(here, {}, std::chrono::seconds(60)));
  ASSERT_FALSE(connection.has_value());
  EXPECT_EQ(connection.error().kind, Kind::not_found);
  EXPECT_THAT(connection.error().what, HasSubstr("/nonexistent/belay-local"));
}

TEST_F(LocalWorker, UnknownTransportIsSaidInWords) {
  start();
  auto host = here;
  host.transport = "telnet";
  const auto connection = loop_.run(transport_->open(host, {}, std::chrono::seconds(60)));
  ASSERT_FALSE(connection.has_value());
  EXPECT_EQ(connection.error().kind, Kind::invalid);
}

}  // namespace
}  // namespace belay
