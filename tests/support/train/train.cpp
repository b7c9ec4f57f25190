#include "tests/support/train/train.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace belay::test {

namespace fs = std::filesystem;

namespace {

const fs::path build_dir = BELAY_BUILD_DIR;
const fs::path daemon_program = build_dir / "daemon/app/belayd";
const fs::path command_program = build_dir / "cli/belay";

std::string indented(const std::string& text, const std::string& by) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) out += by + text.substr(at, end - at);
    out += '\n';
    at = end + 1;
  }
  return out;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    if (!std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) continue;
    const std::string stat = slurp(entry.path() / "stat");
    const auto close = stat.rfind(')');
    if (close == std::string::npos) continue;
    char state = 0;
    pid_t its_parent = 0;
    std::istringstream rest(stat.substr(close + 1));
    rest >> state >> its_parent;
    if (its_parent == parent && state != 'Z') out.push_back(std::stoi(name));
  }
  return out;
}

// By the name that everybody may read: a worker keeps its own user from looking at its executable.
std::string program_of(pid_t pid) {
  std::string name = slurp(fmt::format("/proc/{}/comm", pid));
  name.erase(name.find_last_not_of('\n') + 1);
  return name;
}

}  // namespace

Train::Train(std::vector<Place> places) {
  std::string name = (fs::temp_directory_path() / "belay-train-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  directory_ = name;
  make_keys();
  for (const Place& place : places) make_hosts(place);
  write_configuration(places);
}

Train::~Train() {
  if (daemon_) kill();
  end_steps();
  servers_.clear();
  std::error_code ignored;
  if (std::getenv("BELAY_E2E_KEEP") == nullptr) fs::remove_all(directory_, ignored);
}

void Train::make_keys() {
  fs::create_directories(directory_ / "keys");
  for (const char* key : {"identity", "signer", "stranger"})
    run({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", directory_ / "keys" / key});
  spill(directory_ / "allowed_signers",
        "release@example.org namespaces=\"belay-package\" " + slurp(signer().string() + ".pub"));
}

void Train::make_hosts(const Place& place) {
  const auto count = place.machines.empty() ? static_cast<std::size_t>(place.hosts) : place.machines.size();
  for (std::size_t i = 1; i <= count; ++i) {
    TrainHost host;
    host.name = place.name + std::to_string(i);
    if (!place.machines.empty()) host.machine = place.machines[i - 1];
    const fs::path at = host.machine ? host.machine->disk / "srv" : directory_ / "hosts" / host.name;
    host.app = at / "app";
    host.outside = at / "outside";
    host.base = host.machine ? host.machine->disk / "var/lib/belay" : at / "belay";
    for (const fs::path& made : {host.app, host.outside}) fs::create_directories(made);
    // What was there before Belay came, and must be there when it has gone back.
    spill(host.app / "etc/neighbour.conf", "not ours\n");
    fs::permissions(host.app / "etc/neighbour.conf", fs::perms(0604));
    spill(host.app / "data/kept", "kept\n");
    fs::create_hard_link(host.app / "data/kept", host.app / "data/kept twice");
    fs::create_symlink("/nowhere", host.app / "data/dangling");
    if (host.machine) {
      std::ofstream(host.machine->authorized_keys, std::ios::app) << slurp(directory_ / "keys/identity.pub");
    } else if (place.transport != "local") {
      servers_.push_back(std::make_unique<Sshd>());
      host.sshd = servers_.back().get();
      std::ofstream(host.sshd->directory() / "authorized_keys", std::ios::app)
          << slurp(directory_ / "keys/identity.pub");
    }
    hosts_.push_back(std::move(host));
  }
}

void Train::write_configuration(const std::vector<Place>& places) {
  spill(directory_ / "belayd.yaml",
        fmt::format("state: {0}/state\nsocket: {0}/belayd.sock\nenvironments: {0}/environments.yaml\n"
                    "plugins: {1}/plugins\nworkers: {2}/libexec\n",
                    directory_.string(), BELAY_SOURCE_DIR, build_dir.string()));
  std::string text = "environments:\n";
  for (const Place& place : places) {
    // A production key must be nobody else's; the file's name tells them apart.
    const fs::path key = directory_ / "keys" / (place.name + "-identity");
    fs::copy_file(directory_ / "keys/identity", key);
    text +=
        fmt::format("  {}:\n    tier: {}\n    transport: {}\n    user: {}\n    signers: {}/allowed_signers\n",
                    place.name, place.tier, place.transport,
                    run({"/usr/bin/id", "-un"}).substr(0, run({"/usr/bin/id", "-un"}).find('\n')), directory_.string());
    if (place.transport != "local") text += fmt::format("    key: {}\n", key.string());
    text += indented(place.more, "    ");
  }
  spill(directory_ / "environments.yaml", text);
}

Words Train::environment() const {
  Words out{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
            "HOME=" + directory_.string(), "TZ=UTC"};
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"})
    if (const char* value = std::getenv(name)) out.push_back(fmt::format("{}={}", name, value));
  return out;
}

void Train::start(const Words& wrapper, const Words& variables) {
  if (daemon_) throw std::runtime_error("belayd runs already");
  const fs::path out = directory_ / fmt::format("belayd.{}.log", ++starts_);
  Words argv = wrapper;
  argv.insert(argv.end(), {daemon_program, "--config", directory_ / "belayd.yaml"});
  Words env = environment();
  env.insert(env.end(), variables.begin(), variables.end());
  daemon_.emplace(argv, env, out, out);
  const bool up = until([&] { return slurp(out).find("is ready: epoch") != std::string::npos || !daemon_->running(); });
  if (!up || !daemon_->running()) {
    daemon_.reset();
    throw std::runtime_error("belayd does not come up: " + slurp(out));
  }
  daemon_pid_ = daemon_->pid();
  if (!wrapper.empty())
    for (const pid_t child : children_of(daemon_->pid()))
      if (program_of(child) == "belayd") daemon_pid_ = child;
  if (!std::exchange(hosts_known_, true)) add_hosts();
}

void Train::add_hosts() {
  for (const TrainHost& host : hosts_) {
    const std::string environment = host.name.substr(0, host.name.find_last_not_of("0123456789") + 1);
    Words words{"host",
                "add",
                host.name,
                "-e",
                environment,
                "--base",
                host.there(host.base),
                "--var",
                "root=" + host.there(host.app),
                "--var",
                "outside=" + host.there(host.outside),
                "--group",
                "web"};
    if (host.sshd != nullptr) {
      words.insert(words.end(), {"--address", "127.0.0.1", "--port", std::to_string(host.sshd->port())});
      for (const std::string& key : host.sshd->host_keys()) words.insert(words.end(), {"--key", key});
    }
    if (host.machine)
      words.insert(words.end(), {"--address", "127.0.0.1", "--port", std::to_string(host.machine->port), "--key",
                                 host.machine->host_key});
    const Outcome added = belay(words);
    if (added.code != 0) throw std::runtime_error("belay host add: " + added.all());
  }
}

void Train::kill_after(std::chrono::nanoseconds time) {
  std::this_thread::sleep_for(time);
  kill();
}

void Train::kill() {
  if (!daemon_) return;
  if (daemon_->running()) ::kill(daemon_pid_, SIGKILL);
  daemon_->finish();
  daemon_.reset();
}

bool Train::up() { return daemon_ && daemon_->running(); }

Outcome Train::stop() {
  ::kill(daemon_pid_, SIGTERM);
  const Outcome out = daemon_->finish();
  daemon_.reset();
  return out;
}

pid_t Train::pid() const { return daemon_pid_; }

std::string Train::log() const {
  std::string out;
  for (int i = 1; i <= starts_; ++i) out += slurp(directory_ / fmt::format("belayd.{}.log", i));
  return out;
}

std::vector<pid_t> Train::workers() const {
  std::vector<pid_t> out;
  for (const pid_t child : children_of(daemon_pid_))
    if (program_of(child).starts_with("belay-")) out.push_back(child);
  return out;
}

Outcome Train::second_daemon() {
  const fs::path out = directory_ / "second.log";
  return Child({daemon_program, "--config", directory_ / "belayd.yaml"}, environment(), out, out).finish();
}

Words Train::command_line(const Words& words) const {
  static constexpr std::array offline{"package", "lint", "version", "help", "completion"};
  Words out{command_program};
  out.insert(out.end(), words.begin(), words.end());
  if (std::ranges::find(offline, words.front()) == offline.end())
    out.insert(out.end(), {"--socket", directory_ / "belayd.sock"});
  return out;
}

Child Train::begin(const Words& words) {
  const std::string name = fmt::format("command.{}", ++commands_);
  return Child(command_line(words), environment(), directory_ / (name + ".out"), directory_ / (name + ".err"));
}

std::unique_ptr<Pty> Train::on_terminal(const Words& words, TerminalSize size, const Words& variables) const {
  Words env = environment();
  env.insert(env.end(), variables.begin(), variables.end());
  return std::make_unique<Pty>(command_line(words), env, size);
}

Outcome Train::belay(const Words& words) { return begin(words).finish(); }

nlohmann::json Train::json(const Words& words) {
  Words all = words;
  all.insert(all.end(), {"-o", "json"});
  const Outcome said = belay(all);
  auto out = nlohmann::json::parse(said.out, nullptr, false);
  if (out.is_discarded())
    throw std::runtime_error(fmt::format("belay {}: exit {}, {}", fmt::join(words, " "), said.code, said.all()));
  return out;
}

std::string Train::detached(Words words) {
  words.push_back("--detach");
  const Outcome said = belay(words);
  if (said.code != 0)
    throw std::runtime_error(fmt::format("belay {}: exit {}, {}", fmt::join(words, " "), said.code, said.all()));
  return said.out.substr(0, said.out.find('\n'));
}

nlohmann::json Train::ended(const std::string& run) { return json({"run", "watch", run}); }

fs::path Train::build(const Release& release, const fs::path& key) {
  const fs::path at = directory_ / "packages" / fmt::format("{}-{}", release.application, release.version);
  fs::remove_all(at);
  for (const auto& [path, bytes] : release.files) spill(at / path, bytes);
  spill(at / "release.yaml",
        fmt::format("application: {}\nversion: \"{}\"\nsummary: A release for a test.\nunits:\n"
                    "  - {{name: all, kind: code, items: [files/], notes: everything}}\nchanges: [something]\n"
                    "dependencies: {{secondary: none, interactions: none}}\ninstall: Run it.\nrollback: Automatic.\n"
                    "contacts: [\"ops@example.org\"]\n",
                    release.application, release.version));
  spill(at / "playbook.yaml",
        fmt::format("application: {}\nhosts: all\nserial: {}\nvars:\n  root: null\n  outside: null\n{}steps:\n{}",
                    release.application, release.serial, indented(release.vars, "  "), indented(release.steps, "  ")));
  const fs::path file = at.string() + ".belay";
  fs::remove(file);
  if (const Outcome built = belay({"package", "build", at, "-o", file}); built.code != 0)
    throw std::runtime_error("belay package build: " + built.all());
  fs::remove(file.string() + ".sig");
  if (!key.empty())
    if (const Outcome made = belay({"package", "sign", file, "--key", key}); made.code != 0)
      throw std::runtime_error("belay package sign: " + made.all());
  return file;
}

Tree Train::apps() const {
  Tree out;
  for (const TrainHost& host : hosts_)
    for (auto& [path, entry] : tree_of(host.app)) out[host.name + "/" + path] = entry;
  return out;
}

const TrainHost& Train::host(const std::string& name) const {
  const auto found = std::ranges::find(hosts_, name, &TrainHost::name);
  if (found == hosts_.end()) throw std::runtime_error("no host " + name);
  return *found;
}

// Steps and their watchdogs run in sessions of their own and outlive daemon and worker by design; their working
// directory or their arguments tell whose they are.
void Train::end_steps() const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    if (!std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) continue;
    const std::string at = fs::read_symlink(entry.path() / "cwd", ignored);
    const bool ours = at.starts_with(directory_.string() + "/") ||
                      slurp(entry.path() / "cmdline").find(directory_.string() + "/") != std::string::npos;
    if (ours) ::kill(std::stoi(name), SIGKILL);
  }
}

}  // namespace belay::test
