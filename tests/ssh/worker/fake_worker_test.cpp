// A worker that lies: whatever it says out of place ends it and its connections, and nothing else.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "belay/worker_protocol.hpp"
#include "daemon/worker/worker_transport.hpp"
#include "tests/support/loop/loop.hpp"

namespace belay {
namespace {

namespace fs = std::filesystem;
namespace wp = worker_protocol;
using ::testing::HasSubstr;
using wp::Type;

std::string hello() {
  wp::Hello hello;
  hello.transport = "local";
  return wp::encode({Type::hello, 0, 0, wp::to_json(hello)});
}
std::string opened(std::uint32_t id = 1) { return wp::encode({Type::opened, id, 0, wp::to_json(wp::Opened{})}); }
std::string frame(Type type, std::uint32_t connection, std::uint32_t exec, std::string payload) {
  return wp::encode({type, connection, exec, std::move(payload)});
}
std::string exited(int status) { return wp::to_json(wp::Exit{wp::Exit::End::exited, status, "", ""}); }

struct Script {
  const char* name;
  std::string at_once;  // said before anything was read
  std::string on_hello;
  std::string on_open;
  std::string on_exec;
};

class LyingWorker : public ::testing::TestWithParam<Script> {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "belay-fake-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    fs::create_symlink(BELAY_FAKE_WORKER, directory_ / "belay-local");
    options_.programs = directory_;
    options_.log = [this](std::string_view, std::string_view, std::string_view text) {
      log_ += fmt::format("{}\n", text);
    };
  }
  void TearDown() override { fs::remove_all(directory_); }

  void say(const Script& script) {
    std::ofstream out(directory_ / "belay-local.script");
    const auto line = [&](int type, const std::string& bytes) {
      if (bytes.empty()) return;
      out << type << ' ';
      for (const char c : bytes) out << fmt::format("{:02x}", static_cast<unsigned char>(c));
      out << '\n';
    };
    line(0, script.at_once);
    line(static_cast<int>(Type::hello), script.on_hello);
    line(static_cast<int>(Type::open), script.on_open);
    line(static_cast<int>(Type::exec), script.on_exec);
  }

  fs::path directory_;
  WorkerOptions options_;
  std::string log_;
};

TEST_P(LyingWorker, CostsOnlyItself) {
  say(GetParam());
  test::Loop loop;
  WorkerTransport transport(loop.io.get_executor(), options_);
  port::HostAddress host{"web1", "127.0.0.1", 22, "root", {}, "local", ""};
  const auto went = loop.run([&]() -> boost::asio::awaitable<std::string> {
    auto connection = co_await transport.open(host, {}, std::chrono::seconds(60));
    if (!connection) co_return connection.error().text();
    port::ExecRequest request;
    request.command = "true";
    const auto result = co_await (*connection)->exec(std::move(request));
    EXPECT_EQ(result.end, port::ExecResult::End::lost);
    EXPECT_FALSE((*connection)->alive());
    co_return result.reason;
  }());
  EXPECT_THAT(went, HasSubstr("The transport worker belay-local"));
  EXPECT_THAT(log_, HasSubstr("The transport worker belay-local"));
  EXPECT_TRUE(transport.workers().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, LyingWorker,
    ::testing::Values(
        Script{"zero_length", std::string(4, '\0'), "", "", ""},
        Script{"endless_length", "\xff\xff\xff\xff", "", "", ""},
        Script{"unknown_type", std::string("\0\0\0\x09\xee\0\0\0\0\0\0\0\0", 13), "", "", ""},
        Script{"speaks_before_its_hello", frame(Type::ping, 0, 0, ""), "", "", ""},
        Script{"text_instead_of_frames", "Welcome to Ubuntu 22.04 LTS\n", "", "", ""},
        Script{"hello_without_json", "", frame(Type::hello, 0, 0, "hello"), "", ""},
        Script{"hello_of_another_version", "", frame(Type::hello, 0, 0, R"({"version":99,"transport":"local"})"), "",
               ""},
        Script{"hello_of_another_transport", "", frame(Type::hello, 0, 0, R"({"version":1,"transport":"ssh"})"), "",
               ""},
        Script{"hello_twice", "", hello() + hello(), "", ""},
        Script{"opened_what_was_not_asked", "", hello(), opened(7), ""},
        Script{"opened_zero", "", hello(), opened(0), ""}, Script{"opened_twice", "", hello(), opened() + opened(), ""},
        Script{"opened_without_json", "", hello(), frame(Type::opened, 1, 0, "[1]"), ""},
        Script{"failed_with_unknown_kind", "", hello(),
               frame(Type::open_failed, 1, 0, R"({"kind":"whim","what":"no"})"), ""},
        Script{"frame_for_the_worker_only", "", hello(), frame(Type::exec, 1, 1, "{}"), ""},
        Script{"output_before_any_command", "", hello(), opened() + frame(Type::data, 1, 0, "x"), ""},
        Script{"exit_of_another_command", "", hello(), opened(), frame(Type::exit, 1, 2, exited(0))},
        Script{"exit_twice", "", hello(), opened(),
               frame(Type::exit, 1, 1, R"({"end":"exited"})") + frame(Type::exit, 1, 1, exited(0))},
        Script{"exit_with_nonsense", "", hello(), opened(), frame(Type::exit, 1, 1, R"({"end":"success"})")},
        Script{"empty_output", "", hello(), opened(), frame(Type::data, 1, 1, "")},
        Script{"too_large_a_piece", "", hello(), opened(), frame(Type::data, 1, 1, std::string(wp::max_data + 1, 'x'))},
        Script{"more_than_its_credit", "", hello(), opened(),
               [] {
                 std::string all;
                 // Credit is given back only for what was taken, so one burst beyond the window cannot be covered.
                 for (int i = 0; i < 8; ++i) all += frame(Type::data_err, 1, 1, std::string(wp::max_data, 'x'));
                 return all + frame(Type::data, 1, 1, std::string(wp::max_data + 1, 'x'));
               }()},
        Script{"credit_of_nothing", "", hello(), opened(), frame(Type::credit, 1, 1, std::string(4, '\0'))},
        Script{"credit_for_more_than_was_sent", "", hello(), opened(), frame(Type::credit, 1, 1, wp::encode_credit(1))},
        Script{"log_without_text", "", hello(), frame(Type::log, 0, 0, R"({"level":"info"})"), ""},
        Script{"lost_before_it_was_open", "", hello(), frame(Type::lost, 1, 0, R"({"reason":"x"})"), ""},
        Script{"deeply_nested", "", hello(), frame(Type::opened, 1, 0, std::string(500'000, '[')), ""}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(LyingWorker, WhichSaysNothingIsTimedOut) {
  say({"", "", hello(), "", ""});
  test::Loop loop;
  options_.grace = std::chrono::milliseconds(50);
  WorkerTransport transport(loop.io.get_executor(), options_);
  port::HostAddress host{"web1", "127.0.0.1", 22, "root", {}, "local", ""};
  const auto connection = loop.run(transport.open(host, {}, std::chrono::milliseconds(100)));
  ASSERT_FALSE(connection.has_value());
  EXPECT_EQ(connection.error().kind, Kind::timeout);
}

TEST_F(LyingWorker, WhichNeverReportsTheEndIsTimedOut) {
  say({"", "", hello(), opened(), ""});
  test::Loop loop;
  options_.grace = std::chrono::milliseconds(50);
  WorkerTransport transport(loop.io.get_executor(), options_);
  port::HostAddress host{"web1", "127.0.0.1", 22, "root", {}, "local", ""};
  const auto result = loop.run([&]() -> boost::asio::awaitable<port::ExecResult> {
    const auto connection = (co_await transport.open(host, {}, std::chrono::seconds(60))).value();
    port::ExecRequest request;
    request.command = "true";
    request.deadline = std::chrono::milliseconds(100);
    auto first = co_await connection->exec(request);
    const auto second = co_await connection->exec(request);
    EXPECT_EQ(second.end, port::ExecResult::End::lost);
    EXPECT_FALSE(second.begun);
    co_return first;
  }());
  EXPECT_EQ(result.end, port::ExecResult::End::timed_out);
  EXPECT_TRUE(result.begun);
}

TEST_F(LyingWorker, WhichDoesNotAnswerPingsIsKilled) {
  say({"", "", hello(), opened(), ""});
  test::Loop loop;
  options_.ping_every = std::chrono::milliseconds(20);
  options_.patience = std::chrono::milliseconds(200);
  WorkerTransport transport(loop.io.get_executor(), options_);
  port::HostAddress host{"web1", "127.0.0.1", 22, "root", {}, "local", ""};
  const auto result = loop.run([&]() -> boost::asio::awaitable<port::ExecResult> {
    const auto connection = (co_await transport.open(host, {}, std::chrono::seconds(60))).value();
    port::ExecRequest request;
    request.command = "true";
    co_return co_await connection->exec(std::move(request));
  }());
  EXPECT_EQ(result.end, port::ExecResult::End::lost);
  EXPECT_THAT(result.reason, HasSubstr("does not answer"));
}

TEST_F(LyingWorker, HostileTextIsEscapedInErrorsAndLogs) {
  const std::string hostile = "\x1b]0;owned\x07 \xe2\x80\xae";
  say({"", "", hello() + frame(Type::log, 0, 0, wp::to_json(wp::Log{"info", hostile})),
       frame(Type::open_failed, 1, 0, wp::to_json(wp::Failure{Kind::refused, hostile, hostile})), ""});
  test::Loop loop;
  WorkerTransport transport(loop.io.get_executor(), options_);
  port::HostAddress host{"web1", "127.0.0.1", 22, "root", {}, "local", ""};
  const auto connection = loop.run(transport.open(host, {}, std::chrono::seconds(60)));
  ASSERT_FALSE(connection.has_value());
  EXPECT_EQ(connection.error().kind, Kind::refused);
  EXPECT_EQ(connection.error().text().find('\x1b'), std::string::npos);
  EXPECT_EQ(log_.find('\x1b'), std::string::npos);
  EXPECT_THAT(log_, HasSubstr("owned"));
}

}  // namespace
}  // namespace belay
