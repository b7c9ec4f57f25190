// The project's own text files, as the house rules look at them.
//
// files() walks the source tree once: sources, scripts, build files and documents, but nothing under build/ or .git/.
// Paths are relative to the source tree. code() is a C++ file with comments and the inside of string and character
// literals blanked out, so that a rule about calls never trips over a sentence; line breaks stay, so line numbers hold.
// One thread; failures to read throw, which fails the test that asked.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace belay::house {

struct File {
  std::string path;
  std::string text;
};

[[nodiscard]] const std::vector<File>& files();
// Those whose path begins with one of `folders` and ends with one of `endings`; an empty list matches all.
[[nodiscard]] std::vector<const File*> files_in(const std::vector<std::string>& folders,
                                                const std::vector<std::string>& endings = {});
[[nodiscard]] bool exists(std::string_view path);
[[nodiscard]] std::string code(std::string_view text);
[[nodiscard]] std::vector<std::string> lines(std::string_view text);
// Text between quotes or angle brackets of every #include.
[[nodiscard]] std::vector<std::string> includes(const File& file);
[[nodiscard]] std::string folder_of(std::string_view path);

// Module of daemon/ -> floor, as the CMake files declare it: the one place where floors are given.
[[nodiscard]] std::map<std::string, int> module_floors();

// Fails the running test with "path:line: why" for every line of `file` on which `pattern` (ECMAScript) is found.
void forbid(const File& file, const std::string& text, const std::string& pattern, const std::string& why);

}  // namespace belay::house
