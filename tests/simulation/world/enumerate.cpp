#include "tests/simulation/world/enumerate.hpp"

#include <fmt/format.h>

namespace belay::sim {
namespace {

constexpr unsigned most_answers = 8;

// Out of the ordinary twice.
class TwoOracle final : public Oracle {
 public:
  TwoOracle(OneOracle::Shot first, OneOracle::Shot second, unsigned fate)
      : first_(first), second_(second), fate_(fate) {}
  [[nodiscard]] bool first_fired() const { return first_fired_; }
  [[nodiscard]] bool second_fired() const { return second_fired_; }

 private:
  unsigned decide(Site site, std::size_t index, unsigned n) override {
    if (site == first_.site && index == first_.index && first_.value < n) return first_fired_ = true, first_.value;
    if (site == second_.site && index == second_.index && second_.value < n) return second_fired_ = true, second_.value;
    if (site == Site::turn) return static_cast<unsigned>(index % n);
    return site == Site::fate ? fate_ % n : 0;
  }
  OneOracle::Shot first_;
  OneOracle::Shot second_;
  unsigned fate_;
  bool first_fired_ = false;
  bool second_fired_ = false;
};

// Empty when the story kept every invariant.
std::string violation_of(const Plan& plan, RunKind kind, Oracle& oracle, Mutant mutant) {
  SimDaemon daemon(plan, kind, oracle, mutant);
  try {
    daemon.run();
  } catch (const Violation& violation) {
    return fmt::format("{}\n{}", violation.what(), tell(daemon.story()));
  }
  return {};
}

}  // namespace

std::string tell(const Story& story) {
  std::string out;
  for (const std::string& line : story.log) out += "  " + line + "\n";
  return out;
}

Enumerated enumerate(const Plan& plan, RunKind kind, Site site, Mutant mutant) {
  Enumerated out;
  for (const bool round : {false, true})
    for (const unsigned fate : {0U, 1U})
      for (std::size_t index = 0;; ++index) {
        bool any = false;
        for (unsigned value = 1; value < most_answers; ++value) {
          OneOracle oracle({site, index, value}, round, fate);
          if (const std::string broken = violation_of(plan, kind, oracle, mutant); !broken.empty()) {
            out.violation = fmt::format("site {} index {} value {} round {} fate {}: {}", static_cast<int>(site), index,
                                        value, round, fate, broken);
            return out;
          }
          if (!oracle.fired()) continue;
          any = true;
          ++out.stories;
        }
        if (!any) break;
      }
  return out;
}

Enumerated enumerate_pairs(const Plan& plan, RunKind kind, Mutant mutant) {
  Enumerated out;
  for (const unsigned fate : {0U, 1U})
    for (std::size_t fault = 0;; ++fault) {
      bool any = false;
      for (unsigned value = 1; value < most_answers; ++value)
        for (std::size_t death = 0;; ++death) {
          // Before the append is durable, or after it: in turn.
          TwoOracle oracle({Site::fault, fault, value}, {Site::crash, death, 1 + static_cast<unsigned>(death % 2)},
                           fate);
          if (const std::string broken = violation_of(plan, kind, oracle, mutant); !broken.empty()) {
            out.violation = fmt::format("fault {} value {} death {} fate {}: {}", fault, value, death, fate, broken);
            return out;
          }
          any |= oracle.first_fired();
          if (!oracle.second_fired()) break;
          ++out.stories;
        }
      if (!any) break;
    }
  return out;
}

}  // namespace belay::sim
