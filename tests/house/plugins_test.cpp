// The shape of action and resource folders, and shell that is known to betray on some host (docs/step-protocol.md).
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/house/source_tree.hpp"

namespace belay::house {
namespace {

std::map<std::string, std::set<std::string>> folders_under(const std::string& parent) {
  std::map<std::string, std::set<std::string>> found;
  for (const File* file : files_in({parent})) {
    const std::string rest = file->path.substr(parent.size());
    const std::size_t slash = rest.find('/');
    if (slash != std::string::npos) found[parent + rest.substr(0, slash)].insert(rest.substr(slash + 1));
  }
  return found;
}

// Why: a new action is a folder that anyone can read; what is not in its folder does not exist on a host.
TEST(Plugins, ActionFoldersAreComplete) {
  const auto actions = folders_under("plugins/action/");
  EXPECT_FALSE(actions.empty());
  for (const auto& [folder, names] : actions) {
    EXPECT_TRUE(names.contains("action.yaml")) << folder;
    EXPECT_TRUE(names.contains("apply.sh")) << folder;
  }
}

TEST(Plugins, ResourceFoldersAreComplete) {
  const auto resources = folders_under("plugins/resource/");
  EXPECT_FALSE(resources.empty());
  for (const auto& [folder, names] : resources) {
    for (const char* needed : {"resource.yaml", "manifest.sh", "capture.sh", "restore.sh"}) {
      EXPECT_TRUE(names.contains(needed)) << folder << " has no " << needed;
    }
  }
}

// Why: an action that documents itself nowhere is one that only its author uses.
TEST(Plugins, EveryActionIsInTheReference) {
  std::string reference;
  for (const File* file : files_in({"docs/"}, {".md"})) reference += file->text;
  for (const auto& [folder, names] : folders_under("plugins/action/")) {
    const std::string name = folder.substr(folder.rfind('/') + 1);
    EXPECT_NE(reference.find("`" + name + "`"), std::string::npos) << folder << " is in none of docs/*.md";
  }
}

TEST(Plugins, NoShellThatBetrays) {
  static const std::vector<std::pair<const char*, const char*>> bans = {
      {"\\bln\\s+-s?[fn]+s?[fn]*\\s", "BusyBox unlinks first: ln -s to a new name, then mv -T"},
      {"\\bsed\\s+-i", "makes a new inode and syncs nothing: write beside it, sync, mv -T"},
      {"\\brm\\s+(-\\w+\\s+)*[\"']?\\$\\w+[\"']?/\\*",
       "an empty variable makes this the root: name the folder with ${x:?}"},
      {"\\bkill\\s+-\\w+\\s+--\\s+-", "dash and BusyBox do not take the dashes"},
      {"\\[\\[|\\bfunction\\s+\\w+|\\bpipefail\\b|<<<", "this is not POSIX sh"},
      {"\\bset\\s+-x\\b", "traces print secrets"},
  };
  for (const File* file : files_in({"plugins/kit/", "plugins/action/", "plugins/resource/"}, {".sh"})) {
    int number = 0;
    for (const std::string& line : lines(file->text)) {
      ++number;
      if (line.find_first_not_of(' ') != std::string::npos && line[line.find_first_not_of(' ')] == '#') continue;
      for (const auto& [pattern, why] : bans) {
        File one{file->path + ":" + std::to_string(number), line};
        forbid(one, line, pattern, why);
      }
    }
  }
}

}  // namespace
}  // namespace belay::house
