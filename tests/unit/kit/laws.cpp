#include "tests/unit/kit/laws.hpp"

#include <ostream>
#include <stdexcept>

namespace belay::test {

std::ostream& operator<<(std::ostream& out, const Law& law) { return out << law.name; }

std::vector<Law> all_laws() {
  std::vector<Law> all = laws_of_firing();
  for (const auto& more : {laws_of_tokens(), laws_of_races(), laws_of_reboots()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

Law law_named(const std::string& name) {
  for (const Law& law : all_laws()) {
    if (law.name == name) return law;
  }
  throw std::runtime_error("no law is named " + name);
}

}  // namespace belay::test
