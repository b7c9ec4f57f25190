// Rules about the text of single files. Each pattern stands with the sentence that says why.
#include <gtest/gtest.h>

#include "tests/house/source_tree.hpp"

namespace belay::house {
namespace {

const std::vector<std::string> product = {"daemon/", "include/", "plugins/", "cli/"};

struct Ban {
  const char* pattern;
  std::vector<std::string> folders;  // where the ban holds
  std::vector<std::string> except;   // beginnings of paths in which it does not
  const char* why;
};

const std::vector<Ban>& bans() {
  static const std::vector<Ban> all = {
      {"\\b(system|popen)\\s*\\(", product, {}, "a shell would read the words; start programs with an argument list"},
      {"\\b(strcpy|strcat|sprintf|vsprintf|gets|strtok)\\s*\\(",
       product,
       {},
       "writes or reads past ends; use std::string and fmt"},
      {"\\.detach\\s*\\(\\s*\\)", product, {}, "a thread nobody waits for outlives what it uses"},
      {"std::cout", {"daemon/", "include/"}, {}, "standard output belongs to the command, the daemon logs"},
      {"\\b(secure_)?getenv\\s*\\(",
       product,
       {"daemon/app/", "cli/", "plugins/transport/", "daemon/package/signature.cpp"},
       "surroundings are read where programs begin (and for ssh-keygen, which has to find the agent), and handed down"},
      {"\\bassert\\s*\\(", product, {}, "asserts vanish in release; BELAY_CHECK stays"},
      {"\\bdlopen\\s*\\(", product, {}, "no plugin code inside the daemon"},
      {"\\b(fork|vfork|posix_spawnp?|exec[lv]p?e?)\\s*\\(",
       product,
       {"daemon/worker/", "daemon/package/", "plugins/transport/", "cli/"},
       "programs are started in few, known places"},
      {"\\b(sleep_for|sleep_until|usleep|nanosleep)\\b|[^\\w.]sleep\\s*\\(",
       {"daemon/", "include/"},
       {},
       "a sleeping thread holds up the loop; use a timer"},
      {"using namespace std\\s*;",
       {"daemon/", "include/", "plugins/", "cli/", "tests/"},
       {},
       "names should say where they come from"},
      {"\\bGTEST_SKIP\\b|\\bDISABLED_",
       {"tests/"},
       {"tests/house/"},
       "a test that needs something which is not there fails"},
      {"\\bsleep_(for|until)\\b|\\b(usleep|nanosleep)\\s*\\(",
       {"tests/"},
       {"tests/support/", "tests/house/", "tests/e2e/crash_test.cpp", "tests/unit/kit/"},
       "waiting for a time is not waiting for a thing: poll (tests/support). Only who strikes at a random instant may "
       "sleep"},
      {"boost/asio\\.hpp", {"tests/"}, {"tests/house/"}, "the umbrella header costs seconds per file"},
  };
  return all;
}

TEST(Text, BannedCalls) {
  for (const Ban& ban : bans()) {
    for (const File* file : files_in(ban.folders, {".cpp", ".hpp"})) {
      bool excepted = false;
      for (const std::string& path : ban.except) excepted = excepted || file->path.starts_with(path);
      if (!excepted) forbid(*file, code(file->text), ban.pattern, ban.why);
    }
  }
}

// Why: one idea per file; who needs more room has two ideas.
TEST(Text, FilesStayShort) {
  for (const File* file : files_in({}, {".cpp", ".hpp", ".sh", ".cmake", "CMakeLists.txt", "Makefile"})) {
    EXPECT_LE(lines(file->text).size(), 400u) << file->path;
  }
}

// Why: the first lines of a header are its contract; a reader should not have to infer it.
TEST(Text, HeadersBeginWithTheirContract) {
  for (const File* file : files_in({}, {".hpp"})) {
    const auto all = lines(file->text);
    ASSERT_FALSE(all.empty()) << file->path;
    EXPECT_TRUE(all.front().starts_with("// ")) << file->path << ":1: say what this is, when it fails, which threads";
    EXPECT_NE(file->text.find("#pragma once"), std::string::npos) << file->path;
  }
}

// Why: a script's reader needs to know what it is given and what it leaves behind.
TEST(Text, ScriptsSayWhatTheyAre) {
  for (const File* file : files_in({"tools/", "plugins/", "playbooks/demo/", "tests/"}, {".sh"})) {
    const auto all = lines(file->text);
    ASSERT_FALSE(all.empty()) << file->path;
    const std::size_t first = all.front().starts_with("#!") ? 1 : 0;
    ASSERT_GT(all.size(), first) << file->path;
    EXPECT_TRUE(all[first].starts_with("# ")) << file->path << ": begin with a comment that says what this is";
  }
}

// Why: trailing blanks and tabs make diffs that say nothing.
TEST(Text, NoTrailingBlanks) {
  for (const File* file : files_in(product, {".cpp", ".hpp", ".sh", ".yaml"})) {
    forbid(*file, file->text, "[ \\t]+$", "trailing blank");
    if (!file->text.empty()) EXPECT_EQ(file->text.back(), '\n') << file->path << ": the last line has no end";
  }
}

// The rules above stand on this reading of C++.
TEST(Text, CodeIsReadWithoutCommentsAndLiterals) {
  EXPECT_EQ(code("a // system(\nb"), "a           \nb");
  EXPECT_EQ(code("x(\"system(\\\"\")"), "x(\"         \")");
  EXPECT_EQ(code("/* popen( */y"), "            y");
  EXPECT_EQ(code("R\"x(system()x\" z"), "               z");
  EXPECT_EQ(code("1'000 + system(2)"), "1'000 + system(2)");
  EXPECT_EQ(code("'\"' + f()"), "' ' + f()");
}

}  // namespace
}  // namespace belay::house
