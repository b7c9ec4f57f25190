// Numbered points of the real belayd: "the n-th time it is about to make this system call". strace counts and sends
// SIGKILL, so the program that dies is the one that is shipped.
//
// Before a sync: a record was written and is perhaps lost. Before a send: a record is durable and its message never
// leaves. Before a receive: a host did something, and nobody hears of it. A number that is never reached kills nobody.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tests/support/train/command.hpp"

namespace belay::test {

struct KillPoint {
  std::string call;
  unsigned number = 1;  // counted from the start of belayd, per thread
  [[nodiscard]] std::string text() const;
};

// How often belayd made each call in the thread that makes it most.
using Calls = std::map<std::string, unsigned>;

// Both go before belayd's command line (Train::start). The first counts into `trace`, which can be read at any time.
[[nodiscard]] Words counting_calls(const std::filesystem::path& trace);
[[nodiscard]] Words killing_at(const KillPoint& point);
[[nodiscard]] Calls calls_in(const std::filesystem::path& trace);

// What the environment of a traced belayd needs: the leak check at its end uses ptrace itself.
inline const Words traced = {"ASAN_OPTIONS=detect_leaks=0"};

}  // namespace belay::test
