// What holds on every host whatever happens when: each law plays one scene on a fresh host and says what is broken, or
// nothing. laws_test.cpp asks the kit under every shell; mutants_test.cpp asks kits with a known mistake, and there the
// law has to be broken.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "tests/support/kit_host/kit_host.hpp"

namespace belay::test {

struct Law {
  const char* name;
  std::string (*broken)(KitHost& host);
};

// A law's name, for a failed test.
std::ostream& operator<<(std::ostream& out, const Law& law);

// The dead-man's restore (laws_fire.cpp).
[[nodiscard]] std::vector<Law> laws_of_firing();
// Epochs, tokens and what is on the disk when (laws_token.cpp).
[[nodiscard]] std::vector<Law> laws_of_tokens();
// Two at the same instant, many times (laws_race.cpp).
[[nodiscard]] std::vector<Law> laws_of_races();
// After a reboot, and when a run is over (laws_boot.cpp).
[[nodiscard]] std::vector<Law> laws_of_reboots();
[[nodiscard]] std::vector<Law> all_laws();
// Throws when there is none of this name.
[[nodiscard]] Law law_named(const std::string& name);

}  // namespace belay::test
