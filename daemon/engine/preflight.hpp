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

// `payload_bytes`: what will be staged; twice that and a reserve must be free (R10). Empty when the host will do.
[[nodiscard]] std::vector<Problem> problems_of(const std::map<std::string, std::string>& facts,
                                               std::uint64_t payload_bytes);

struct GuaranteeClass {
  std::string name;  // A | B | C
  std::string why;
};
// What this host can promise when it is left alone; the plan and the check show it.
[[nodiscard]] GuaranteeClass guarantee(const std::map<std::string, std::string>& facts);

}  // namespace belay::engine
