// The rules for names inside a package (threats F-50, F-51): what is refused can hurt on some host, file system or
// screen.
//
// A path is relative, UTF-8, at most 1024 bytes and 64 parts of at most 255 bytes. No part is empty, "." or "..", is
// named like a Windows device (CON, nul.txt, …), or begins or ends with a blank or ends with a dot. No control
// characters, backslashes, or characters that change the direction of text. Two names that differ only in case or in
// Unicode composition cannot both be there. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/base/error.hpp"

namespace belay::package {

// Kind::invalid with the rule that is broken; the path is shown escaped.
[[nodiscard]] Result<void> check_path(std::string_view path);

// Finds twins: paths that a file system without case, or with its own composition of accents, would take for one.
class TwinFinder {
 public:
  // Kind::invalid when an earlier path is a twin of this one (or the same).
  Result<void> add(std::string_view path);

 private:
  std::unordered_map<std::string, std::string> seen_;  // folded form → path
};

// Follows the target of the symbolic link at `path` through the links of the package, as a kernel would. Kind::invalid
// when it is absolute, loops, or leaves files/. `link_at` gives the target when the path is a link.
using LinkAt = std::function<const std::string*(std::string_view path)>;
[[nodiscard]] Result<void> check_link(std::string_view path, std::string_view target, const LinkAt& link_at);

// True when `path` matches `glob`: * and ? within one part, ** over parts; a glob that ends in / means all below it.
[[nodiscard]] bool glob_matches(std::string_view glob, std::string_view path);

}  // namespace belay::package
