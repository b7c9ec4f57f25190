#include "tests/e2e/kill_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace belay::test {

namespace {

// The journal's pages and syncs, and what belayd says to its transport workers and hears from them.
constexpr std::array calls{"pwrite64", "fdatasync", "sendmsg", "sendto", "recvmsg", "recvfrom"};

// Its children are other programs and are let go at once.
Words strace(const std::string& output, const std::string& traced_calls) {
  return {"/usr/bin/strace", "-f", "-b", "execve", "-e", "signal=none", "-o", output, "-e", "trace=" + traced_calls};
}

}  // namespace

std::string KillPoint::text() const { return fmt::format("before {} number {}", call, number); }

Words counting_calls(const std::filesystem::path& trace) {
  return strace(trace.string(), fmt::format("{}", fmt::join(calls, ",")));
}

Words killing_at(const KillPoint& point) {
  Words out = strace("/dev/null", point.call);
  out.insert(out.end(), {"-e", fmt::format("inject={}:signal=KILL:when={}", point.call, point.number)});
  return out;
}

Calls calls_in(const std::filesystem::path& trace) {
  std::map<std::string, std::map<std::string, unsigned>> by_thread;
  std::ifstream in(trace);
  for (std::string thread, what, line; in >> thread >> what && std::getline(in, line);)
    for (const char* call : calls)
      if (what.starts_with(std::string(call) + "(")) ++by_thread[call][thread];
  Calls out;
  for (const auto& [call, threads] : by_thread)
    out[call] = std::ranges::max_element(threads, {}, [](const auto& one) { return one.second; })->second;
  return out;
}

}  // namespace belay::test
