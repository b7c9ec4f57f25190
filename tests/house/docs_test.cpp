// Documents are promises: their links lead somewhere, every module has its line, and every test that the safety case
// leans on exists.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "tests/house/source_tree.hpp"

namespace belay::house {
namespace {

const File& document(const std::string& path) {
  for (const File& file : files()) {
    if (file.path == path) return file;
  }
  throw std::runtime_error(path + " is missing");
}

// A heading's anchor as code hosts make it: lower case, blanks to dashes, other signs dropped.
std::set<std::string> anchors(const std::string& text) {
  std::set<std::string> found;
  for (const std::string& line : lines(text)) {
    const std::size_t marks = line.find_first_not_of('#');
    if (marks == 0 || marks == std::string::npos || line[marks] != ' ') continue;
    std::string anchor;
    for (const char c : line.substr(marks + 1)) {
      if (c == ' ') {
        anchor += '-';
      } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_') {
        anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    }
    found.insert(anchor);
  }
  return found;
}

TEST(Docs, LinksLeadSomewhere) {
  static const std::regex form("\\]\\(([^)\\s]+)\\)");
  for (const File* file : files_in({}, {".md"})) {
    for (std::sregex_iterator it(file->text.begin(), file->text.end(), form), end; it != end; ++it) {
      const std::string link = (*it)[1];
      if (link.starts_with("http://") || link.starts_with("https://") || link.starts_with("mailto:")) continue;
      const std::size_t hash = link.find('#');
      const std::string target = link.substr(0, hash);
      const std::string path =
          target.empty() ? file->path
                         : (std::filesystem::path(folder_of(file->path)) / target).lexically_normal().generic_string();
      EXPECT_TRUE(exists(path)) << file->path << " links to " << link;
      if (hash != std::string::npos && path.ends_with(".md") && exists(path)) {
        EXPECT_TRUE(anchors(document(path).text).contains(link.substr(hash + 1))) << file->path << " links to " << link;
      }
    }
  }
}

// Why: a comment that sends its reader to a document that is not there wastes the one moment of good will.
TEST(Docs, CommentsNameDocumentsThatExist) {
  static const std::regex form("\\bdocs/[A-Za-z0-9_/-]+\\.(md|yaml)\\b");
  for (const File* file :
       files_in({"daemon/", "include/", "cli/", "plugins/", "playbooks/", "tests/", "cmake/", "systemd/", "tools/"})) {
    for (std::sregex_iterator it(file->text.begin(), file->text.end(), form), end; it != end; ++it) {
      EXPECT_TRUE(exists(it->str())) << file->path << " names " << it->str();
    }
  }
}

// Why: the map is only worth reading when it shows every room.
TEST(Docs, EveryModuleHasItsLineAndFloor) {
  const std::string& map = document("docs/architecture.md").text;
  static const std::regex row("^\\|\\s*(\\d)[^|]*\\|\\s*`daemon/(\\w+)`\\s*\\|");
  std::map<std::string, std::string> shown;
  for (const std::string& line : lines(map)) {
    std::smatch match;
    if (std::regex_search(line, match, row)) shown[match[2]] = match[1];
  }
  std::map<std::string, std::string> built;
  for (const auto& [name, floor] : module_floors()) built[name] = std::to_string(floor);
  EXPECT_EQ(shown, built) << "the floors in docs/architecture.md against those in daemon/*/CMakeLists.txt";
  for (const char* folder : {"include/belay", "cli", "plugins/transport", "plugins/action", "plugins/resource",
                             "plugins/kit", "playbooks", "systemd", "tests", "tools"}) {
    EXPECT_NE(map.find("`" + std::string(folder)), std::string::npos)
        << "docs/architecture.md does not name " << folder;
  }
}

std::set<std::string> test_names() {
  static const std::regex cases(
      "\\b(?:TEST|TEST_F|TEST_P|TYPED_TEST|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)\\s*\\(\\s*(\\w+)\\s*,\\s*(\\w+)");
  static const std::regex ctest("add_test\\(\\s*NAME\\s+([\\w.]+)|belay_test\\(\\s*(\\w+)");
  std::set<std::string> names;
  for (const File* file : files_in({"tests/"}, {".cpp"})) {
    const std::string text = code(file->text);
    for (std::sregex_iterator it(text.begin(), text.end(), cases), end; it != end; ++it) {
      names.insert((*it)[1].str() + "." + (*it)[2].str());
    }
  }
  for (const File* file : files_in({"tests/"}, {"CMakeLists.txt"})) {
    for (std::sregex_iterator it(file->text.begin(), file->text.end(), ctest), end; it != end; ++it) {
      names.insert((*it)[1].matched ? (*it)[1].str() : (*it)[2].str());
    }
  }
  return names;
}

// Why: a hazard is covered by a test that runs, or it says that it is not covered.
TEST(Docs, SafetyCaseNamesRealTests) {
  static const std::regex row("^\\|\\s*([A-Z]-\\d+)\\s*\\|.*\\|\\s*([^|]*)\\|\\s*$");
  static const std::regex quoted("`([^`]+)`");
  const auto names = test_names();
  int rows = 0;
  for (const std::string& line : lines(document("docs/safety-case.md").text)) {
    std::smatch match;
    if (!std::regex_search(line, match, row)) continue;
    ++rows;
    const std::string last = match[2];
    const bool open = last.starts_with("not yet");
    bool named = false;
    for (std::sregex_iterator it(last.begin(), last.end(), quoted), end; it != end; ++it) {
      named = true;
      EXPECT_TRUE(names.contains((*it)[1].str())) << match[1] << " leans on " << (*it)[1] << ", which is no test";
    }
    EXPECT_TRUE(open || named) << match[1] << " names no test and does not say \"not yet\"";
  }
  EXPECT_GT(rows, 10);
}

// Why: a document that no index names is found by nobody.
TEST(Docs, TheIndexesNameEveryDocument) {
  for (const File* file : files_in({"docs/"}, {".md"})) {
    if (file->path.ends_with("README.md")) continue;
    const std::string name = file->path.substr(folder_of(file->path).size() + 1);
    EXPECT_NE(document(folder_of(file->path) + "/README.md").text.find("(" + name + ")"), std::string::npos)
        << file->path;
  }
}

// Why: a decision that is not written down is taken again.
TEST(Docs, DecisionsSayWhatAndWhy) {
  for (const File* file : files_in({"docs/adr/"}, {".md"})) {
    if (file->path.ends_with("README.md")) continue;
    for (const char* part : {"## Why", "## Decision", "## What follows"}) {
      EXPECT_NE(file->text.find(part), std::string::npos) << file->path << " has no part \"" << part << "\"";
    }
  }
}

}  // namespace
}  // namespace belay::house
