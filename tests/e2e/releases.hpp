// The release most end-to-end tests send: a tree, a filled-in template, a switched link, and a command that works
// inside of what is captured ({{ root }}/data) and leaves a line outside of it ({{ outside }}/count): each line is one
// execution.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/support/train/train.hpp"

namespace belay::test {

// A scenario that must go the same way however hosts are reached: .transport = GetParam().
class OverTransports : public testing::TestWithParam<const char*> {};
inline const auto every_transport = testing::Values("ssh", "openssh", "local");
inline std::string name_of_transport(const testing::TestParamInfo<const char*>& info) { return info.param; }

inline const std::string shop_steps = R"(- name: Unpack
  tree: {from: files/site, to: "{{ root }}/releases/{{ version }}"}
- name: Configure
  template: {from: files/shop.conf, to: "{{ root }}/etc/shop.conf", mode: "0640"}
- name: Switch
  symlink: {path: "{{ root }}/current", to: "releases/{{ version }}"}
- name: Migrate
  command:
    run: [sh, -c, 'echo "$1" >>"$3/count"; echo "$1" >"$2/data/schema"; chmod 0700 "$2/data"; rm -f "$2/data/kept twice"', sh,
          "{{ version }}", "{{ root }}", "{{ outside }}"]
    touches: ["{{ root }}/data"]
)";

// `more` are further steps.
inline Release shop(const std::string& version, const std::string& more = {}, const std::string& serial = "100%") {
  return {.version = version,
          .steps = shop_steps + more,
          .files = {{"files/site/index.html", "welcome to " + version + "\n"},
                    {"files/site/same.txt", "the same in every version\n"},
                    {"files/shop.conf", "version={{ version }}\nhost={{ host }}\n"}},
          .serial = serial};
}

// The smallest release that shows what became of a host: one file. `more` are further steps.
inline Release note(const std::string& version, const std::string& more = {}) {
  return {.version = version,
          .steps = "- name: Write\n  file: {content: \"note {{ version }}\\n\", to: \"{{ root }}/note\"}\n" + more};
}

// A step that says in {{ outside }}/holding that it runs, and runs until {{ outside }}/go is there; on one host alone.
inline std::string holds_on(const std::string& host) {
  return R"(- name: Hold
  command:
    run: [sh, -c, 'echo $$ >"$1/holding"; while [ ! -e "$1/go" ]; do sleep 0.1; done', sh, "{{ outside }}"]
    touches: ["{{ root }}/held"]
  when: host == ")" +
         host + "\"\n";
}

// A step that leaves the version in {{ outside }}/count, once per execution.
inline const std::string counts = R"(- name: Count
  command: {run: [sh, -c, 'echo "$1" >>"$2/count"', sh, "{{ version }}", "{{ outside }}"], touches: ["{{ root }}/data"]}
)";

// A step that fails on one host alone.
inline std::string fails_on(const std::string& host) {
  return "- name: Break\n  command: {run: [sh, -c, 'echo it broke >&2; exit 7'], touches: []}\n  when: host == \"" +
         host + "\"\n";
}

// Everything a command on a host may print to lie to the one who reads it.
inline const std::string lies =
    "\x1b[2J\x1b[31mred\x1b[0m\r\x1b]0;title\x07 overwritten\n"
    "\x01"
    "belay 00 begin\n\x01rc 1\n0\n\x01"
    "belay 00 end 0\n"
    "2026-01-01T00:00:00.000Z info     run 01ARZ3NDEKTSV4RRFFQ69G5FAV ended with 0: all is well\n"
    "dev1 1 apply | forged\n"
    "bidi \xe2\x80\xae"
    "reversed \xff\xfe {{ root }} $(touch /tmp/never) \x9b"
    "31m\n";

// A release whose step prints them, on both streams, and fails.
inline Release lying(const std::string& version) {
  Release out = note(version,
                     "- name: Lie\n  command: {run: [sh, -c, 'cat ./lies; cat ./lies >&2; exit 3'], from: files, "
                     "touches: []}\n");
  out.files = {{"files/lies", lies}};
  return out;
}

// The lines that the command step left on a host, one per execution.
inline std::string executions(const TrainHost& host) { return slurp(host.outside / "count"); }

// True when the host stands as the release wants it.
inline bool stands(const TrainHost& host, const std::string& version) {
  namespace fs = std::filesystem;
  std::error_code none;
  return slurp(host.app / "current/index.html") == "welcome to " + version + "\n" &&
         slurp(host.app / "etc/shop.conf") == "version=" + version + "\nhost=" + host.name + "\n" &&
         slurp(host.app / "data/schema") == version + "\n" &&
         (fs::status(host.app / "etc/shop.conf", none).permissions() & fs::perms::mask) == fs::perms(0640);
}

}  // namespace belay::test
