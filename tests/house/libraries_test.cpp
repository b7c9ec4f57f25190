// Each library has its place. Whoever wants to replace or audit one finds everything that knows it in one folder.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/house/source_tree.hpp"

namespace belay::house {
namespace {

struct Rule {
  std::vector<std::string> headers;  // beginnings of an include
  std::vector<std::string> homes;    // folders that may include them; empty: none
  const char* why;
};

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = {
      {{"libssh2"},
       {"plugins/transport/ssh/"},
       "no SSH code and no private key in the daemon; a bug in it costs one worker"},
      {{"boost/beast"}, {"daemon/api/", "cli/"}, "one place knows HTTP"},
      {{"boost/asio.hpp"}, {}, "the umbrella header costs seconds per file; include the parts you use"},
      {{"soci", "sqlite3.h"}, {"daemon/store/"}, "one writer, one schema, one place that can lose a transaction"},
      {{"archive.h", "archive_entry.h"},
       {"daemon/package/", "daemon/plugin/"},
       "hostile archives meet one reader; the kit is only written"},
      {{"utf8proc.h"}, {"daemon/package/"}, "names that look alike are told apart where names come in"},
      {{"yaml-cpp"}, {"daemon/wire/"}, "YAML passes the event guard or it does not come in"},
      {{"valijson"}, {"daemon/wire/"}, "schemas are checked where text becomes values"},
      {{"CLI/"}, {"cli/", "daemon/app/"}, "arguments are read where programs begin"},
      {{"systemd/"}, {"daemon/app/"}, "readiness and watchdog belong to the program, not to its parts"},
      {{"curl/"},
       {"cli/", "daemon/engine/", "daemon/app/"},
       "the command and the daemon-side check speak HTTP as clients, nothing else does"},
      {{"seccomp.h"}, {"plugins/transport/"}, "the worker locks itself in; the unit file locks in the daemon"},
      {{"sodium"}, {"daemon/vault/"}, "one place seals and opens what was copied from hosts"},
      {{"openssl/"},
       {"daemon/base/", "plugins/transport/", "cli/"},
       "digests are made in daemon/base, the command only writes base64"},
      {{"format", "print"}, {}, "libstdc++ 12 has neither; use fmt"},
  };
  return all;
}

TEST(Libraries, EachHasItsPlace) {
  for (const File* file : files_in({"daemon/", "include/", "plugins/", "cli/"}, {".cpp", ".hpp"})) {
    for (const std::string& include : includes(*file)) {
      for (const Rule& rule : rules()) {
        const bool meant = std::ranges::any_of(rule.headers, [&](const std::string& header) {
          return header.ends_with('/') || header == "libssh2" || header == "soci" || header == "sodium" ||
                         header == "boost/beast"
                     ? include.starts_with(header)
                     : include == header || include.starts_with(header + "/");
        });
        if (!meant) continue;
        EXPECT_TRUE(
            std::ranges::any_of(rule.homes, [&](const std::string& home) { return file->path.starts_with(home); }))
            << file->path << " includes <" << include << ">: " << rule.why;
      }
    }
  }
}

TEST(Libraries, BeastStaysInThreeFiles) {
  std::vector<std::string> users;
  for (const File* file : files_in({"daemon/", "cli/"}, {".cpp", ".hpp"})) {
    const auto used = includes(*file);
    if (std::ranges::any_of(used, [](const std::string& include) { return include.starts_with("boost/beast"); })) {
      users.push_back(file->path);
    }
  }
  EXPECT_LE(users.size(), 3u) << "Beast costs ten seconds per file that includes it: " << testing::PrintToString(users);
}

}  // namespace
}  // namespace belay::house
