// What a host must have before Belay works on it, judged from its facts. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace belay::engine {

struct Problem {
  std::string what;  // one sentence
  std::string next;
};

// `payload_bytes`: what will be staged; twice that and a reserve must be free (R10). `dead_man_seconds`: as the plan or
// the environment has it; above 0 the host must be able to keep a dead-man's switch, or `arm` would refuse the first
// step (docs/host-protocol.md). Empty when the host will do.
[[nodiscard]] std::vector<Problem> problems_of(const std::map<std::string, std::string>& facts,
                                               std::uint64_t payload_bytes, int dead_man_seconds);

struct GuaranteeClass {
  std::string name;  // A | B | C
  std::string why;
};
// What this host can promise when it is left alone; the plan and the check show it. A: it puts itself back. B: the
// daemon does. C: something cannot be captured at all. Without a dead-man's switch (0 seconds) nothing is A.
[[nodiscard]] GuaranteeClass guarantee(const std::map<std::string, std::string>& facts, int dead_man_seconds);

}  // namespace belay::engine
