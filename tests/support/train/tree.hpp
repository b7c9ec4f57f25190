// What stands in a directory, byte for byte, looked at without any code of Belay's: type, mode, owner, size, time to
// the nanosecond, content, link target, number of links, extended attributes (ACLs and capabilities are among them).
//
// A directory's own size and time are left out: they change when an entry comes and goes again.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace belay::test {

using Tree = std::map<std::string, std::string>;  // relative path → everything about it, as text

[[nodiscard]] Tree tree_of(const std::filesystem::path& root);

// One sentence per path that differs; empty when the trees are the same.
[[nodiscard]] std::vector<std::string> differences(const Tree& before, const Tree& after);

}  // namespace belay::test
