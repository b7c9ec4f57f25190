// The release most end-to-end tests send: a tree, a filled-in template, a switched link, and a command that works
// inside of what is captured ({{ root }}/data) and leaves a line outside of it ({{ outside }}/count): each line is one
// execution.
#pragma once

#include <string>

#include "tests/support/train/train.hpp"

namespace belay::test {

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

// A step that fails on one host alone.
inline std::string fails_on(const std::string& host) {
  return "- name: Break\n  command: {run: [sh, -c, 'echo it broke >&2; exit 7'], touches: []}\n  when: host == \"" +
         host + "\"\n";
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
