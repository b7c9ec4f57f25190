// A bad network between us and the server: whatever it does, each login and each command ends in time, and never as a
// success that was none.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/ssh/matrix/bench.hpp"
#include "tests/support/proxy/proxy.hpp"

namespace belay::test {
namespace {

using Way = Fault::Direction;
using What = Fault::Kind;

struct Trouble {
  const char* name;
  What kind;
  Way way;
};

constexpr Trouble troubles[] = {
    {"stall_to_client", What::stall, Way::to_client}, {"stall_to_server", What::stall, Way::to_server},
    {"fin_to_client", What::fin, Way::to_client},     {"fin_to_server", What::fin, Way::to_server},
    {"rst_to_client", What::rst, Way::to_client},     {"rst_to_server", What::rst, Way::to_server},
};

class Network : public ::testing::TestWithParam<std::tuple<std::string, Trouble>>, protected Bench {
 protected:
  Network() : proxy_(sshd_.port()) {}
  const Trouble& trouble() const { return std::get<1>(GetParam()); }
  port::HostAddress host() { return address(sshd_, std::get<0>(GetParam()), proxy_.port()); }

  Sshd sshd_;
  Proxy proxy_;
};

// Cut at many places of the greeting, the key exchange and the authentication.
TEST_P(Network, LoginEndsWhereverItIsCut) {
  // A stall costs its whole deadline, a cut nothing.
  const bool slow = trouble().kind == What::stall;
  const auto places =
      slow ? std::vector<std::uint64_t>{0, 45, 1100, 2000}
           : std::vector<std::uint64_t>{0, 1, 20, 45, 300, 1100, 1300, 1500, 1700, 2000, 2200, 2400, 2600};
  for (const auto after : places) {
    proxy_.set({trouble().kind, trouble().way, after, {}});
    const auto opened = open(host(), sshd_.key(), std::chrono::milliseconds(1200));
    if (opened) continue;  // so many bytes were never needed
    EXPECT_TRUE(opened.error().kind == Kind::timeout || opened.error().kind == Kind::unreachable)
        << opened.error().text();
    EXPECT_FALSE(opened.error().next.empty());
  }
}

TEST_P(Network, CommandEndsUnknownWhereverItIsCut) {
  const bool slow = trouble().kind == What::stall;
  const auto places =
      slow ? std::vector<std::uint64_t>{0, 5'000} : std::vector<std::uint64_t>{0, 30, 100, 5'000, 400'000};
  for (const auto after : places) {
    proxy_.set({});
    const auto connection = login(host(), sshd_.key());
    proxy_.set({trouble().kind, trouble().way, after, {}});
    ExecRequest request;
    request.command = "cat; cat /dev/zero";
    request.input = flood(1'000'000);
    request.deadline = std::chrono::milliseconds(1500);
    const auto result = exec(connection, std::move(request));
    EXPECT_FALSE(result.known()) << result.status;
    EXPECT_FALSE(result.reason.empty());
    EXPECT_FALSE(connection->alive());
  }
}

INSTANTIATE_TEST_SUITE_P(All, Network,
                         ::testing::Combine(::testing::Values("ssh", "openssh"), ::testing::ValuesIn(troubles)),
                         [](const auto& tested) {
                           return fmt::format("{}_{}", std::get<0>(tested.param), std::get<1>(tested.param).name);
                         });

class SlowNetwork : public ::testing::TestWithParam<std::string>, protected Bench {
 protected:
  SlowNetwork() : proxy_(sshd_.port()) {}
  Sshd sshd_;
  Proxy proxy_;
};

TEST_P(SlowNetwork, BlackHoleIsTimedOut) {
  proxy_.set({What::blackhole, Way::to_client, 0, {}});
  const auto opened = open(address(sshd_, GetParam(), proxy_.port()), sshd_.key(), std::chrono::milliseconds(1200));
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, Kind::timeout) << opened.error().text();
}

// Nothing runs, nothing is said, and the way is gone: only asking finds out.
TEST_P(SlowNetwork, SilenceOfAnIdleConnectionIsNoticed) {
  options.keepalive = std::chrono::seconds(2);
  const auto connection = login(address(sshd_, GetParam(), proxy_.port()), sshd_.key());
  proxy_.set({What::stall, Way::to_client, 0, {}});
  EXPECT_TRUE(loop.until([&] { return !connection->alive(); }));
  EXPECT_FALSE(connection->why_dead().empty());
}

// The other way round: both sides ask, both answer, and hours of silence (here: several times each patience) are fine.
TEST_P(SlowNetwork, IdleConnectionIsKept) {
  options.keepalive = std::chrono::seconds(2);
  const Sshd impatient({.config = {"ClientAliveInterval 1", "ClientAliveCountMax 2"}});
  const auto connection = login(address(impatient, GetParam()), impatient.key());
  EXPECT_FALSE(loop.until([&] { return !connection->alive(); }, std::chrono::seconds(10)));
  EXPECT_TRUE(exec(connection, "true").ok());
  // The same while a command runs that says nothing.
  EXPECT_TRUE(exec(connection, "sleep 8").ok());
}

TEST_P(SlowNetwork, OneByteAtATimeIsStillFine) {
  for (const auto way : {Way::to_client, Way::to_server}) {
    proxy_.set({What::dribble, way, 0, {}});
    const auto connection = login(address(sshd_, GetParam(), proxy_.port()), sshd_.key());
    ExecRequest request;
    request.command = "cat";
    request.input = flood(20'000);
    const auto result = exec(connection, std::move(request));
    EXPECT_TRUE(result.ok()) << result.reason;
    EXPECT_EQ(result.out, std::string(20'000, 'b'));
  }
}

TEST_P(SlowNetwork, ALongWayIsStillFine) {
  proxy_.set({What::delay, Way::to_client, 0, std::chrono::milliseconds(30)});
  const auto connection = login(address(sshd_, GetParam(), proxy_.port()), sshd_.key());
  ExecRequest request;
  request.command = "cat";
  request.input = flood(300'000);
  const auto result = exec(connection, std::move(request));
  EXPECT_TRUE(result.ok()) << result.reason;
  EXPECT_EQ(result.out.size(), 300'000U);
}

// Exit status 0 was never sent: the server's last words are cut off byte by byte.
TEST_P(SlowNetwork, CutBeforeTheExitStatusIsNeverSuccess) {
  const auto connection = login(address(sshd_, GetParam(), proxy_.port()), sshd_.key());
  const auto before = proxy_.forwarded(Way::to_client);
  ASSERT_TRUE(exec(connection, "true").ok());
  ASSERT_TRUE(exec(connection, "true").ok());
  const auto cost = (proxy_.forwarded(Way::to_client) - before) / 2;
  connection->close();
  for (std::uint64_t after = 0; after + 40 < cost; after += std::max<std::uint64_t>(1, cost / 12)) {
    proxy_.set({});
    const auto again = login(address(sshd_, GetParam(), proxy_.port()), sshd_.key());
    proxy_.set({What::fin, Way::to_client, after, {}});
    const auto result = exec(again, "true", std::chrono::seconds(20));
    // Success only when the server's word for it came through.
    if (result.ok()) continue;
    EXPECT_EQ(result.end, End::lost) << after << ' ' << result.reason;
  }
  // The command runs, and the connection ends while it does.
  proxy_.set({});
  const auto last = login(address(sshd_, GetParam(), proxy_.port()), sshd_.key());
  ExecRequest request;
  request.command = "echo begun; cat";
  request.input = flood(200'000'000);
  request.output = [&](port::Stream, std::string_view) { proxy_.set({What::fin, Way::to_client, 0, {}}); };
  EXPECT_EQ(exec(last, std::move(request)).end, End::lost);
}

INSTANTIATE_TEST_SUITE_P(All, SlowNetwork, ::testing::Values("ssh", "openssh"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace belay::test
