// Many hosts, much data, killed workers.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "tests/ssh/matrix/bench.hpp"

namespace belay::test {
namespace {

namespace asio = boost::asio;

class Load : public ::testing::TestWithParam<std::string>, protected Bench {
 protected:
  port::HostAddress host() { return address(sshd_, GetParam()); }
  Sshd sshd_;
};

TEST_P(Load, TwoHundredMegabytesInFlatMemory) {
  constexpr std::uint64_t size = 200'000'000;
  const auto connection = login(host(), sshd_.key());
  const auto transfer = [&] {
    ExecRequest request;
    request.command = "cat >/dev/null; head -c 200000000 /dev/zero";
    request.input = flood(size);
    std::uint64_t got = 0;
    request.output = [&](port::Stream, std::string_view bytes) { got += bytes.size(); };
    request.output_limit = size;
    request.deadline = std::chrono::seconds(230);
    const auto result = exec(connection, std::move(request));
    EXPECT_TRUE(result.ok()) << result.reason;
    EXPECT_EQ(got, size);
  };
#if defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
  // A sanitizer keeps freed memory for a while, up to a limit of its own: fill that first.
  for (int i = 0; i < 3; ++i) transfer();
#else
  ASSERT_TRUE(exec(connection, "true").ok());
#endif
  const pid_t worker = pool().workers().at(0);
  const auto worker_before = status_kib(worker, "VmHWM");
  const auto test_before = status_kib(getpid(), "VmHWM");
  ASSERT_GT(worker_before, 0);
  transfer();
  EXPECT_LT(status_kib(worker, "VmHWM") - worker_before, 64 * 1024);
  EXPECT_LT(status_kib(getpid(), "VmHWM") - test_before, 64 * 1024);
}

TEST_P(Load, SixtyFourHostsInOneWorkerAllAtOnce) {
  constexpr int hosts = 64;
  int finished = 0;
  int good = 0;
  for (int i = 0; i < hosts; ++i) {
    asio::co_spawn(
        loop.io,
        [&, i]() -> asio::awaitable<void> {
          // Local copies: GetParam and the server outlive the loop, the loop's variable does not.
          auto where = host();
          where.name = fmt::format("web{}", i);
          const auto connection = co_await pool().open(where, {sshd_.key()}, std::chrono::seconds(100));
          if (connection) {
            ExecRequest request;
            request.command = fmt::format("cat; echo {}", i);
            request.input = flood(100'000);
            const auto result = co_await (*connection)->exec(std::move(request));
            good += result.ok() && result.out == std::string(100'000, 'b') + fmt::format("{}\n", i) ? 1 : 0;
          } else {
            ADD_FAILURE() << connection.error().text();
          }
          ++finished;
        },
        asio::detached);
  }
  EXPECT_TRUE(loop.until([&] { return finished == hosts; }, std::chrono::seconds(200)));
  EXPECT_EQ(good, hosts);
  EXPECT_EQ(pool().workers().size(), 1U);
}

TEST_P(Load, KilledWorkerIsLostForItsConnectionsAndTheDaemonGoesOn) {
  const auto running = login(host(), sshd_.key());
  const auto idle = login(host(), sshd_.key());
  const pid_t worker = pool().workers().at(0);
  ExecRequest request;
  request.command = "echo begun; exec sleep 30";
  request.output = [&](port::Stream, std::string_view) { kill(worker, SIGKILL); };
  const auto result = exec(running, std::move(request));
  EXPECT_EQ(result.end, End::lost);
  EXPECT_THAT(result.reason, ::testing::HasSubstr("signal KILL"));
  EXPECT_TRUE(loop.until([&] { return !idle->alive(); }));
  EXPECT_TRUE(exec(login(host(), sshd_.key()), "true").ok());
  // Nothing the worker had started keeps a login open.
  EXPECT_TRUE(loop.until([&] { return sshd_.sessions().size() <= 2; }));
}

TEST_P(Load, StoppedWorkerIsNoticedAndKilled) {
  options.ping_every = std::chrono::milliseconds(50);
  options.patience = std::chrono::milliseconds(500);
  const auto connection = login(host(), sshd_.key());
  kill(pool().workers().at(0), SIGSTOP);
  const auto result = exec(connection, "true");
  EXPECT_EQ(result.end, End::lost);
  EXPECT_THAT(result.reason, ::testing::HasSubstr("does not answer"));
}

TEST_P(Load, ClosedConnectionsLeaveNothingOnTheServer) {
  for (int i = 0; i < 5; ++i) login(host(), sshd_.key())->close();
  EXPECT_TRUE(loop.until([&] { return sshd_.sessions().empty(); }));
}

INSTANTIATE_TEST_SUITE_P(All, Load, ::testing::Values("ssh", "openssh", "local"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace belay::test
