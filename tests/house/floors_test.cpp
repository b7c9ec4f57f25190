// The floors of docs/architecture.md: a module uses only what lies below it. CMake's links say so when the build is
// configured; this looks at the includes, because a header needs no link to creep in.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "tests/house/source_tree.hpp"

namespace belay::house {
namespace {

std::string module_of(const std::string& path) {
  static const std::regex form("^daemon/([^/]+)/");
  std::smatch match;
  return std::regex_search(path, match, form) ? match[1].str() : "";
}

TEST(Floors, EveryModuleDeclaresItsFloor) {
  const auto floor = module_floors();
  ASSERT_FALSE(floor.empty());
  for (const File* file : files_in({"daemon/"}, {".cpp"})) {
    EXPECT_TRUE(floor.contains(module_of(file->path)))
        << file->path << ": its folder's CMakeLists.txt has no belay_module";
  }
}

// Why: with one direction of use there is one way to read the house, and a leaf can be replaced alone.
TEST(Floors, ModulesIncludeOnlyWhatLiesBelow) {
  const auto floor = module_floors();
  for (const File* file : files_in({"daemon/"}, {".cpp", ".hpp"})) {
    const std::string here = module_of(file->path);
    if (!floor.contains(here)) continue;
    for (const std::string& include : includes(*file)) {
      const std::string there = module_of(include);
      if (there.empty() || there == here) continue;
      ASSERT_TRUE(floor.contains(there)) << file->path << " includes " << include;
      const int mine = floor.at(here);
      const int theirs = floor.at(there);
      // Floors 1 and 2 are values and interfaces and may know each other; from floor 3 on, neighbours never meet.
      EXPECT_TRUE(theirs < mine || (theirs == mine && mine <= 2))
          << file->path << " (floor " << mine << ") includes " << include << " (floor " << theirs << ")";
    }
  }
}

// Why: what others build on must not drag the daemon in, and the daemon must not depend on what stands around it.
TEST(Floors, TheHouseAndItsNeighbours) {
  static const std::map<std::string, std::set<std::string>> allowed = {
      {"include/belay/", {"base"}},
      {"plugins/transport/", {"base", "wire"}},
      {"cli/", {"base", "model", "wire", "package", "plugin", "app"}},
  };
  for (const auto& [folder, modules] : allowed) {
    for (const File* file : files_in({folder}, {".cpp", ".hpp"})) {
      for (const std::string& include : includes(*file)) {
        const std::string there = module_of(include);
        EXPECT_TRUE(there.empty() || modules.contains(there)) << file->path << " includes " << include;
      }
    }
  }
  for (const File* file : files_in({"daemon/", "include/"}, {".cpp", ".hpp"})) {
    for (const std::string& include : includes(*file)) {
      EXPECT_FALSE(include.starts_with("cli/") || include.starts_with("plugins/") || include.starts_with("tests/"))
          << file->path << " includes " << include;
    }
  }
}

// Why: floor 1 is recomputed after a crash and checked by enumeration; both need the same answer for the same input.
TEST(Floors, PureModulesHaveNoClockNoChanceAndNoFiles) {
  static const std::set<std::string> impure = {
      "fstream", "filesystem",  "random",     "thread", "mutex",  "cstdio", "iostream", "unistd.h",    "fcntl.h",
      "ctime",   "sys/types.h", "sys/stat.h", "atomic", "future", "time.h", "stdio.h",  "sys/socket.h"};
  for (const auto& [module, floor] : module_floors()) {
    if (floor != 1) continue;
    for (const File* file : files_in({"daemon/" + module + "/"}, {".cpp", ".hpp"})) {
      for (const std::string& include : includes(*file)) {
        EXPECT_FALSE(impure.contains(include) || include.starts_with("boost/asio"))
            << file->path << " includes " << include;
      }
      forbid(*file, code(file->text), "_clock::now|\\bgetrandom\\b|\\brand\\s*\\(|\\btime\\s*\\(\\s*(nullptr|0|NULL)",
             "floor 1 is pure: time and chance come in as values");
    }
  }
}

}  // namespace
}  // namespace belay::house
