// What the tests of the transports share: a loop, a pool of workers, logins and commands in one line each.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "daemon/worker/worker_transport.hpp"
#include "tests/support/loop/loop.hpp"
#include "tests/support/sshd/sshd.hpp"

namespace belay::test {

using Connection = std::shared_ptr<port::Connection>;
using port::ExecRequest;
using port::ExecResult;
using End = port::ExecResult::End;

class Bench {
 public:
  Bench() {
    options.programs = BELAY_WORKER_DIR;
    options.log = [this](std::string_view level, std::string_view who, std::string_view text) {
      log += std::string(level) + " " + std::string(who) + " " + std::string(text) + "\n";
    };
  }
  // Workers end by themselves and in peace: what a sanitizer has to say of them comes at their end, on standard error.
  ~Bench() {
    if (!pool_) return;
    const auto workers = pool_->workers();
    pool_.reset();
    for (const pid_t worker : workers) {
      EXPECT_TRUE(loop.until([&] { return kill(worker, 0) != 0; })) << "a worker does not end";
    }
    EXPECT_EQ(log.find("Sanitizer"), std::string::npos) << log;
    EXPECT_EQ(log.find("runtime error"), std::string::npos) << log;
  }

  // `port` other than the server's own: a proxy's.
  static port::HostAddress address(const Sshd& sshd, const std::string& transport, std::uint16_t port = 0) {
    return {"web1", "127.0.0.1", port != 0 ? port : sshd.port(), sshd.user(), sshd.host_keys(), transport, ""};
  }

  Result<Connection> open(const port::HostAddress& host, const std::filesystem::path& key,
                          std::chrono::milliseconds deadline = std::chrono::seconds(60)) {
    return loop.run(pool().open(host, {key}, deadline));
  }

  // A login that has to work; throws with the reason when it does not.
  Connection login(const port::HostAddress& host, const std::filesystem::path& key) {
    auto opened = open(host, key);
    if (!opened) throw std::runtime_error(opened.error().text());
    return *opened;
  }

  ExecResult exec(const Connection& connection, ExecRequest request) {
    return loop.run(connection->exec(std::move(request)));
  }
  ExecResult exec(const Connection& connection, const std::string& command,
                  std::chrono::milliseconds deadline = std::chrono::seconds(60)) {
    ExecRequest request;
    request.command = command;
    request.deadline = deadline;
    return exec(connection, std::move(request));
  }

  WorkerTransport& pool() {
    if (!pool_) pool_ = std::make_unique<WorkerTransport>(loop.io.get_executor(), options);
    return *pool_;
  }

  Loop loop;
  WorkerOptions options;
  std::string log;

 private:
  std::unique_ptr<WorkerTransport> pool_;
};

// Input of `total` bytes that repeat a pattern, in pieces of 128 KiB, made as they are asked for.
inline std::function<boost::asio::awaitable<Result<std::string>>()> flood(std::uint64_t total) {
  return [left = total]() mutable -> boost::asio::awaitable<Result<std::string>> {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, 128 * 1024));
    left -= size;
    co_return std::string(size, 'b');
  };
}

// One line of /proc/PID/status, as a number of KiB (VmHWM, VmRSS).
inline std::int64_t status_kib(pid_t pid, const std::string& name) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name + ":")) return std::stoll(line.substr(name.size() + 1));
  }
  return -1;
}

}  // namespace belay::test
