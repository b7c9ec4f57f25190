// The matrix: each transport against real servers of every sort that it has to get along with.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <sstream>

#include "tests/ssh/matrix/bench.hpp"

namespace belay::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

struct Server {
  const char* name;
  std::vector<std::string> config;
};

using Params = std::tuple<std::string, Server>;

class Matrix : public ::testing::TestWithParam<Params>, protected Bench {
 protected:
  Matrix() : sshd_({.config = std::get<1>(GetParam()).config}) {}

  port::HostAddress host() { return address(sshd_, std::get<0>(GetParam())); }
  Connection login() { return Bench::login(host(), sshd_.key()); }
  // What a login shell or a forced command says before ours is not ours to remove.
  std::string noise() const {
    return std::string(std::get<1>(GetParam()).name) == "banner" ? "Welcome to web1!\n" : "";
  }

  Sshd sshd_;
};

TEST_P(Matrix, RunsCommandsAndTellsHowTheyEnded) {
  const auto connection = login();
  const auto fine = exec(connection, "echo out; echo err >&2");
  EXPECT_EQ(fine.end, End::exited) << fine.reason;
  EXPECT_EQ(fine.status, 0);
  EXPECT_EQ(fine.out, noise() + "out\n");
  EXPECT_EQ(fine.err, "err\n");

  for (const int status : {1, 3, 127, 254, 255}) {
    const auto failed = exec(connection, fmt::format("exit {}", status));
    EXPECT_EQ(failed.end, End::exited) << status << ": " << failed.reason;
    EXPECT_EQ(failed.status, status);
  }
  // The login shell's own end is what counts; a forced command has one shell more, which turns a signal into a status.
  const auto killed = exec(connection, "kill -KILL $$");
  if (noise().empty()) {
    EXPECT_EQ(killed.end, End::signalled) << killed.reason;
  }
  EXPECT_TRUE(exec(connection, "true").ok()) << "the login outlives its commands";
  EXPECT_TRUE(connection->alive());
}

TEST_P(Matrix, CarriesInputAndOutputByteForByte) {
  const auto connection = login();
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  ExecRequest request;
  request.command = "cat";
  request.input = [pieces = std::vector<std::string>{all, "", ""},
                   at = 0U]() mutable -> boost::asio::awaitable<Result<std::string>> { co_return pieces[at++]; };
  const auto result = exec(connection, std::move(request));
  EXPECT_TRUE(result.ok()) << result.reason;
  EXPECT_EQ(result.out, noise() + all);
}

TEST_P(Matrix, MovesFiftyMegabytesEachWayAtOnce) {
  constexpr std::uint64_t size = 50'000'000;
  const auto connection = login();
  std::uint64_t got = 0;
  ExecRequest request;
  request.command = "cat";
  request.input = flood(size);
  request.output = [&](port::Stream stream, std::string_view bytes) {
    got += stream == port::Stream::out ? bytes.size() : 0;
  };
  request.output_limit = 2 * size;
  request.deadline = std::chrono::seconds(200);
  const auto result = exec(connection, std::move(request));
  EXPECT_TRUE(result.ok()) << result.reason;
  EXPECT_EQ(got, size + noise().size());
  EXPECT_TRUE(exec(connection, "true").ok());
}

TEST_P(Matrix, InputThatNobodyReadsDoesNotHoldTheEndUp) {
  const auto connection = login();
  ExecRequest request;
  request.command = "exec <&-; echo done";
  request.input = flood(20'000'000);
  const auto result = exec(connection, std::move(request));
  EXPECT_TRUE(result.ok()) << result.reason;
  EXPECT_THAT(result.out, EndsWith("done\n"));
}

TEST_P(Matrix, ReadsOnAfterTheOutputWasClosed) {
  const auto connection = login();
  const auto file = sshd_.directory() / "sum";
  ExecRequest request;
  request.command = fmt::format("exec >&- 2>&-; exec wc -c >{}", file.string());
  request.input = flood(5'000'000);
  const auto result = exec(connection, std::move(request));
  EXPECT_TRUE(result.ok()) << result.reason;
  std::ifstream in(file);
  std::uint64_t size = 0;
  in >> size;
  EXPECT_EQ(size, 5'000'000U);
}

TEST_P(Matrix, DeadlineOfASilentCommandIsKept) {
  const auto connection = login();
  const auto result = exec(connection, "sleep 30", std::chrono::milliseconds(300));
  EXPECT_EQ(result.end, End::timed_out) << result.reason;
  EXPECT_FALSE(connection->alive());
  EXPECT_TRUE(exec(login(), "true").ok()) << "a fresh login works at once";
}

TEST_P(Matrix, KilledServerChildIsLost) {
  const auto connection = login();
  ExecRequest request;
  request.command = "echo begun; exec sleep 30";
  request.output = [&](port::Stream, std::string_view bytes) {
    if (bytes.find("begun") != std::string_view::npos) sshd_.kill_sessions();
  };
  const auto result = exec(connection, std::move(request));
  EXPECT_EQ(result.end, End::lost) << result.status;
  EXPECT_FALSE(result.reason.empty());
  EXPECT_FALSE(connection->alive());
}

TEST_P(Matrix, IdleConnectionNoticesThatTheServerIsGone) {
  const auto connection = login();
  EXPECT_TRUE(exec(connection, "true").ok());
  sshd_.kill_sessions();
  EXPECT_TRUE(loop.until([&] { return !connection->alive(); }));
  EXPECT_FALSE(exec(connection, "true").begun);
}

TEST_P(Matrix, ManyCommandsOneAfterTheOther) {
  const auto connection = login();
  for (int i = 0; i < 25; ++i) {
    const auto result = exec(connection, fmt::format("echo {}", i));
    ASSERT_TRUE(result.ok()) << i << ": " << result.reason;
    ASSERT_THAT(result.out, EndsWith(fmt::format("{}\n", i)));
  }
}

const Server servers[] = {
    {"defaults", {}},
    {"rekey", {"RekeyLimit 1M"}},
    {"one_session", {"MaxSessions 1"}},
    {"banner", {R"(ForceCommand echo 'Welcome to web1!'; eval "$SSH_ORIGINAL_COMMAND")"}},
    {"no_sftp_no_forwarding", {"DisableForwarding yes", "PermitTTY no"}},
    {"keepalives", {"ClientAliveInterval 1", "ClientAliveCountMax 2"}},
    {"compression_off", {"Compression no", "Ciphers aes128-ctr", "MACs hmac-sha2-256"}},
};

INSTANTIATE_TEST_SUITE_P(All, Matrix,
                         ::testing::Combine(::testing::Values("ssh", "openssh"), ::testing::ValuesIn(servers)),
                         [](const auto& tested) {
                           return fmt::format("{}_{}", std::get<0>(tested.param), std::get<1>(tested.param).name);
                         });

}  // namespace
}  // namespace belay::test
