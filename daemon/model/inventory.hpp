// Hosts and environments as plain values: where releases go, under which identity, and what each environment demands.
//
// An environment comes from environments.yaml (read by daemon/app), a host from the record (`belay host add`,
// `belay inventory import`). Every field that ends in a command on a host or in an ssh argument has been checked
// against a narrow alphabet when it was read (valid_name, valid_path), so hostile names cannot become options or shell
// text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace belay {

enum class Tier : std::uint8_t { development, test, production };
[[nodiscard]] std::string_view to_string(Tier tier);

struct Host {
  std::string name = {};  // valid_name
  std::string environment = {};
  std::string address = {};  // host name or IP address
  std::uint16_t port = 22;
  std::string user = {};       // empty: the environment's
  std::string base = {};       // empty: the environment's
  std::string transport = {};  // ssh | openssh | local; empty: the environment's
  std::vector<std::string> groups = {};
  std::vector<std::string> host_keys = {};       // "ssh-ed25519 AAAA…": pinned, one per type
  std::map<std::string, std::string> vars = {};  // win over the environment's
  bool operator==(const Host&) const = default;
};

// What must hold before and during a run. The shipped default is strict for production; see default_rules.
struct Rules {
  bool signature = true;           // the package is signed by a key of `signers`
  bool rehearsal = false;          // a passing rehearsal of the same digest and playbook, in `rehearsed_in`
  std::string rehearsed_in = {};   // environment whose rehearsal counts; empty: any of tier test
  bool refuse_drift = false;       // a host that differs from its baseline refuses the run
  bool allow_irreversible = true;  // steps without a way back may run
  bool direct = true;              // `belay deploy FILE -e ENV` is allowed
};
[[nodiscard]] Rules default_rules(Tier tier);
// 120 for production, 0 elsewhere.
[[nodiscard]] int default_dead_man_seconds(Tier tier);

struct Environment {
  std::string name = {};  // valid_name
  Tier tier = Tier::development;
  std::string user = {};                         // SSH user: the release manager of this environment
  std::string key = {};                          // path of its private key; opened by the worker alone
  std::string transport = "ssh";                 // ssh | openssh | local
  std::string ssh_config = {};                   // openssh only; empty: none
  std::string base = "/var/lib/belay";           // valid_path
  bool become_root = false;                      // run the leash through `sudo -n`
  bool isolation_host = false;                   // one worker per host instead of one per run
  std::string signers = {};                      // path of an allowed_signers file
  std::map<std::string, std::string> vars = {};  // values of the playbook's variables here
  Rules rules;
  int connect_seconds = 20;
  // How long a step may stand armed without a word from the daemon before the host takes it back by itself; 0: never.
  int dead_man_seconds = 0;
  bool copy_snapshots = false;  // each snapshot is copied to the daemon, and sealed, before its step is applied
  int step_seconds = 600;       // deadline of a step that names none
};

// Letters, digits, '.', '_', '-'; starts with a letter or digit; at most 64 bytes.
[[nodiscard]] bool valid_name(std::string_view text);
// Absolute, made of letters, digits and "/._-", without "." or ".." components; at most 200 bytes.
[[nodiscard]] bool valid_path(std::string_view text);
// A host name or an IP address: letters, digits, '.', '-', ':' and '_', not starting with '-'.
[[nodiscard]] bool valid_address(std::string_view text);

}  // namespace belay
