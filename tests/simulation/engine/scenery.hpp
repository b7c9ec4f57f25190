// What all stories have in common: the real plugins, blobs, a package of three steps, two hosts and an environment.
//
// Step 1 and 3 replace a file, step 2 makes one out of a blob. Made once; the same in every story.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "daemon/model/contents.hpp"
#include "daemon/model/inventory.hpp"
#include "daemon/plugin/catalogue.hpp"
#include "daemon/port/blobs.hpp"
#include "daemon/port/vault.hpp"

namespace belay::simulated {

inline constexpr int steps = 3;

struct File {
  std::string path;
  std::optional<std::string> before;
  std::string after;
};

[[nodiscard]] const plugin::Catalogue& catalogue();
[[nodiscard]] Blobs& blobs();
[[nodiscard]] Vault& vault();
[[nodiscard]] const std::array<File, steps>& files();
[[nodiscard]] const PackageContents& package();
[[nodiscard]] std::vector<belay::Host> inventory();
[[nodiscard]] Environment environment(int dead_man_seconds);
// A fresh directory on a file system in memory where there is one; it goes with the process.
[[nodiscard]] std::string fresh_directory();

}  // namespace belay::simulated
