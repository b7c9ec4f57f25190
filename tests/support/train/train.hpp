// Train: a whole release train for one test. The real belayd and belay, hosts that are sshd instances on loopback (or
// this machine itself, with transport local), keys, signers, environments and packages, all below one temporary
// directory.
//
// Everything is made by the constructor but belayd, which start() starts; it throws std::runtime_error with what was
// said when something does not come up. Processes are ended by pid. One thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/sshd/sshd.hpp"
#include "tests/support/terminal/pty.hpp"
#include "tests/support/train/command.hpp"
#include "tests/support/train/tree.hpp"

namespace belay::test {

// A host that is a machine of its own, in place of an sshd on loopback (tests/fleet).
struct PlaceMachine {
  std::uint16_t port = 0;                 // on loopback, of what leads to its sshd
  std::string host_key;                   // "ssh-ed25519 AAAA…"
  std::filesystem::path disk;             // its root directory, as this process sees it
  std::filesystem::path authorized_keys;  // of the account the test runs under, in there
};

// An environment and its hosts, which are called NAME1, NAME2, …
struct Place {
  std::string name = "dev";
  std::string tier = "development";
  int hosts = 1;
  std::string transport = "ssh";
  std::string more = {};                    // further keys of the environment in environments.yaml, without indentation
  std::vector<PlaceMachine> machines = {};  // when there are some, they are the hosts
};

// A host as the test sees it from below. The playbook knows `app` as {{ root }} and `outside` as {{ outside }}.
struct TrainHost {
  std::string name;
  std::filesystem::path app;      // what releases live in
  std::filesystem::path outside;  // a place no snapshot covers
  std::filesystem::path base;     // Belay's own directory
  Sshd* sshd = nullptr;           // null with transport local, and when it is a machine of its own
  std::optional<PlaceMachine> machine = {};

  // A path of this process as the host knows it.
  [[nodiscard]] std::string there(const std::filesystem::path& path) const {
    return machine ? "/" + path.lexically_relative(machine->disk).string() : path.string();
  }
};

// A package in the making.
struct Release {
  std::string version = "1.0";
  std::string steps = {};  // the list below `steps:`, not indented
  std::map<std::string, std::string> files = {{"files/site/index.html", "hello\n"}};
  std::string serial = "100%";
  std::string application = "shop";
  std::string vars = {};  // further variables, one `name: value` per line
};

class Train {
 public:
  explicit Train(std::vector<Place> places = {Place{}});
  Train(const Train&) = delete;
  Train& operator=(const Train&) = delete;
  ~Train();

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] std::filesystem::path state() const { return directory_ / "state"; }
  [[nodiscard]] const TrainHost& host(const std::string& name) const;
  [[nodiscard]] const std::vector<TrainHost>& hosts() const { return hosts_; }

  // belayd. start() waits until it is ready; `wrapper` goes before its command line, `variables` into its environment.
  void start(const Words& wrapper = {}, const Words& variables = {});
  void kill();  // SIGKILL unless it is dead already, and reaps
  [[nodiscard]] bool up();
  // The same at an instant that has nothing to do with what belayd is doing: the time is the test's random number.
  void kill_after(std::chrono::nanoseconds time);
  Outcome stop();                                    // SIGTERM, and waits for its end
  [[nodiscard]] pid_t pid() const;                   // of belayd, also behind a wrapper
  [[nodiscard]] std::string log() const;             // of all starts
  [[nodiscard]] std::vector<pid_t> workers() const;  // transport processes of this belayd
  // Another belayd on the same configuration, to its end.
  Outcome second_daemon();

  // The command. Adds --socket where a verb asks the daemon.
  Outcome belay(const Words& words);
  Child begin(const Words& words);
  // The command on a terminal of its own, as a person has it; `variables` (TERM and the like) go into its environment.
  [[nodiscard]] std::unique_ptr<Pty> on_terminal(const Words& words, TerminalSize size = {},
                                                 const Words& variables = {"TERM=xterm-256color"}) const;
  // The document that `words… -o json` prints; throws with everything said when it prints none.
  nlohmann::json json(const Words& words);
  // Starts a run in the background and gives its id: `deploy FILE -e ENV` and the like.
  std::string detached(Words words);
  // Waits for the end of a run: the view document, with its exit_code.
  nlohmann::json ended(const std::string& run);

  // Builds NAME-VERSION.belay; with a key it is signed too.
  std::filesystem::path build(const Release& release, const std::filesystem::path& key = {});
  // The key whose signatures count in every environment, and one whose signatures do not.
  [[nodiscard]] std::filesystem::path signer() const { return directory_ / "keys/signer"; }
  [[nodiscard]] std::filesystem::path stranger() const { return directory_ / "keys/stranger"; }

  // The trees of what releases live in, host by host: the paths begin with the host's name.
  [[nodiscard]] Tree apps() const;

 private:
  void make_keys();
  void make_hosts(const Place& place);
  void write_configuration(const std::vector<Place>& places);
  void add_hosts();
  void end_steps() const;
  [[nodiscard]] Words environment() const;
  [[nodiscard]] Words command_line(const Words& words) const;

  std::filesystem::path directory_;
  std::vector<TrainHost> hosts_;
  std::vector<std::unique_ptr<Sshd>> servers_;
  std::optional<Child> daemon_;
  pid_t daemon_pid_ = -1;
  bool hosts_known_ = false;
  int starts_ = 0;
  int commands_ = 0;
};

}  // namespace belay::test
