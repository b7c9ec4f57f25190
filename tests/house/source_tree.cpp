#include "tests/house/source_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <stdexcept>

namespace belay::house {
namespace {

namespace fs = std::filesystem;

const fs::path& root() {
  static const fs::path path = BELAY_SOURCE_DIR;
  return path;
}

bool is_text(const fs::path& path) {
  static const std::set<std::string> endings = {".cpp", ".hpp",  ".c",    ".h",     ".sh", ".cmd",     ".md",
                                                ".txt", ".yaml", ".json", ".cmake", ".in", ".service", ".conf"};
  return endings.contains(path.extension().string()) || path.filename() == "Makefile" || path.filename() == "run";
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<File> walk() {
  std::vector<File> found;
  for (auto it = fs::recursive_directory_iterator(root()); it != fs::recursive_directory_iterator(); ++it) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && (name == "build" || name == ".git" || name == ".cache")) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file() && is_text(it->path())) {
      found.push_back({fs::relative(it->path(), root()).string(), read(it->path())});
    }
  }
  std::ranges::sort(found, {}, &File::path);
  return found;
}

// The closing of a raw string that begins at `at` (its R), or npos when none begins there.
std::size_t raw_string_end(std::string_view text, std::size_t at) {
  const std::size_t open = text.find('(', at + 2);
  if (open == std::string_view::npos) return open;
  const std::string close = ")" + std::string(text.substr(at + 2, open - at - 2)) + "\"";
  const std::size_t end = text.find(close, open);
  return end == std::string_view::npos ? text.size() : end + close.size();
}

std::size_t literal_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == quote || text[i] == '\n') {
      return i + 1;
    }
  }
  return text.size();
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

const std::vector<File>& files() {
  static const std::vector<File> all = walk();
  return all;
}

std::vector<const File*> files_in(const std::vector<std::string>& folders, const std::vector<std::string>& endings) {
  std::vector<const File*> chosen;
  for (const File& file : files()) {
    const auto begins = [&](const std::string& folder) { return file.path.starts_with(folder); };
    const auto ends = [&](const std::string& ending) { return file.path.ends_with(ending); };
    if ((folders.empty() || std::ranges::any_of(folders, begins)) &&
        (endings.empty() || std::ranges::any_of(endings, ends))) {
      chosen.push_back(&file);
    }
  }
  return chosen;
}

bool exists(std::string_view path) { return fs::exists(root() / path); }

std::string code(std::string_view text) {
  std::string out(text);
  const auto blank = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < std::min(to, out.size()); ++i) {
      if (out[i] != '\n') out[i] = ' ';
    }
  };
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t end = i + 1;
    if (text.substr(i, 2) == "//") {
      end = std::min(text.find('\n', i), text.size());
      blank(i, end);
    } else if (text.substr(i, 2) == "/*") {
      end = std::min(text.find("*/", i), text.size() - 2) + 2;
      blank(i, end);
    } else if (text.substr(i, 2) == "R\"" && (i == 0 || !is_word(text[i - 1]))) {
      end = raw_string_end(text, i);
      blank(i, end);
    } else if (text[i] == '"' || (text[i] == '\'' && (i == 0 || !is_word(text[i - 1])))) {
      end = literal_end(text, i);
      blank(i + 1, end - 1);
    }
    i = end;
  }
  return out;
}

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    all.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

std::vector<std::string> includes(const File& file) {
  static const std::regex form("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]");
  std::vector<std::string> found;
  for (const std::string& line : lines(file.text)) {
    std::smatch match;
    if (std::regex_search(line, match, form)) found.push_back(match[1]);
  }
  return found;
}

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? "" : path.substr(0, slash));
}

std::map<std::string, int> module_floors() {
  static const std::regex form(
      "belay_module\\(\\s*(\\w+)\\s+FLOOR\\s+(\\d)|TARGET\\s+belay_(\\w+)\\s+PROPERTY\\s+BELAY_FLOOR\\s+(\\d)");
  std::map<std::string, int> found;
  for (const File* file : files_in({"daemon/"}, {"CMakeLists.txt"})) {
    std::smatch match;
    if (!std::regex_search(file->text, match, form)) continue;
    const int first = match[1].matched ? 1 : 3;
    found[match[first]] = std::stoi(match[first + 1]);
  }
  return found;
}

void forbid(const File& file, const std::string& text, const std::string& pattern, const std::string& why) {
  const std::regex form(pattern);
  int number = 0;
  for (const std::string& line : lines(text)) {
    ++number;
    if (std::regex_search(line, form)) ADD_FAILURE() << file.path << ":" << number << ": " << why;
  }
}

}  // namespace belay::house
