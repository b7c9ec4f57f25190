#include "tests/support/sshd/sshd.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace belay::test {

namespace fs = std::filesystem;

namespace {

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// Starts a program with its output going to `output`, appended. -1 when it cannot be started.
pid_t spawn(const std::vector<std::string>& argv, const fs::path& output) {
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid != 0) return pid;
  // The server must not outlive a test that crashes.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(127);
  const int log = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(log, 1);
  dup2(log, 2);
  execv(words[0], words.data());
  _exit(127);
}

// Parent and name of a process; parent 0 when it is gone.
struct Stat {
  pid_t parent = 0;
  std::string name;
};

Stat stat_of(pid_t pid) {
  const std::string text = slurp(fmt::format("/proc/{}/stat", pid));
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return {};
  std::istringstream rest(text.substr(close + 1));
  char state = 0;
  Stat result;
  rest >> state >> result.parent;
  result.name = text.substr(open + 1, close - open - 1);
  return result;
}

}  // namespace

std::string run(const std::vector<std::string>& argv) {
  std::string name = (fs::temp_directory_path() / "belay-run-XXXXXX").string();
  const int fd = mkstemp(name.data());
  if (fd < 0) throw std::runtime_error("no temporary file");
  close(fd);
  const pid_t pid = spawn(argv, name);
  int status = -1;
  waitpid(pid, &status, 0);
  const std::string output = slurp(name);
  fs::remove(name);
  if (status != 0) throw std::runtime_error(fmt::format("{} failed: {}", fmt::join(argv, " "), output));
  return output;
}

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  if (!bound) throw std::runtime_error("no free port on loopback");
  return ntohs(address.sin_port);
}

Sshd::Sshd(SshdOptions options) : options_(std::move(options)) {
  std::string name = (fs::temp_directory_path() / "belay-sshd-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  directory_ = name;
  user_ = getpwuid(geteuid())->pw_name;
  // Compiled into sshd; without it a server run as root does not start.
  if (geteuid() == 0) fs::create_directories("/run/sshd");
  make_keys();
  make_host_keys();
  // Between finding a free port and using it somebody else may take it.
  for (int attempt = 0; attempt < 10; ++attempt) {
    port_ = free_port();
    write_config();
    if (start()) return;
  }
  const std::string text = log();
  fs::remove_all(directory_);
  throw std::runtime_error("sshd does not start: " + text);
}

Sshd::~Sshd() {
  stop();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

void Sshd::make_keys() {
  for (const char* key : {"id", "stranger", "ca"}) {
    run({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", directory_ / key});
  }
  fs::copy_file(directory_ / "id.pub", directory_ / "authorized_keys");
  if (options_.user_certificates) {
    run({"/usr/bin/ssh-keygen", "-q", "-s", directory_ / "ca", "-I", "release manager", "-n", user_,
         directory_ / "id.pub"});
  }
}

void Sshd::make_host_keys() {
  for (std::size_t i = 0; i < options_.host_keys.size(); ++i) {
    const fs::path key = directory_ / fmt::format("host{}", i);
    for (const char* suffix : {"", ".pub", "-cert.pub"}) fs::remove(key.string() + suffix);
    run({"/usr/bin/ssh-keygen", "-q", "-t", options_.host_keys[i], "-N", "", "-C", "", "-f", key});
    if (options_.host_certificates) {
      run({"/usr/bin/ssh-keygen", "-q", "-s", directory_ / "ca", "-I", "host", "-h", "-n", "127.0.0.1,localhost,web1",
           key.string() + ".pub"});
    }
  }
}

void Sshd::write_config() {
  std::ofstream out(directory_ / "sshd_config");
  for (const auto& line : options_.config) out << line << '\n';
  out << "ListenAddress 127.0.0.1\nPort " << port_ << '\n';
  for (std::size_t i = 0; i < options_.host_keys.size(); ++i) {
    const fs::path key = directory_ / fmt::format("host{}", i);
    out << "HostKey " << key.string() << '\n';
    if (options_.host_certificates) out << "HostCertificate " << key.string() << "-cert.pub\n";
  }
  if (options_.user_certificates) {
    out << "TrustedUserCAKeys " << (directory_ / "ca.pub").string() << "\nAuthorizedKeysFile none\n";
  } else {
    out << "AuthorizedKeysFile " << (directory_ / "authorized_keys").string() << '\n';
  }
  out << "PidFile " << (directory_ / "pid").string()
      << "\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
         "PermitRootLogin yes\nMaxStartups 200\nMaxSessions 100\nLogLevel VERBOSE\nPrintMotd no\n";
}

bool Sshd::start() {
  fs::remove(directory_ / "log");
  pid_ = spawn({"/usr/sbin/sshd", "-D", "-e", "-f", directory_ / "sshd_config"}, directory_ / "log");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < until) {
    if (log().find("Server listening on") != std::string::npos) return true;
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  stop();
  return false;
}

void Sshd::stop() {
  if (pid_ <= 0) return;
  const auto children = sessions();
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
  for (const pid_t child : children) kill(child, SIGKILL);
}

void Sshd::restart(bool new_host_keys) {
  stop();
  if (new_host_keys) make_host_keys();
  if (!start()) throw std::runtime_error("sshd does not start again: " + log());
}

std::vector<std::string> Sshd::host_keys() const {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < options_.host_keys.size(); ++i) {
    std::istringstream line(slurp(directory_ / fmt::format("host{}.pub", i)));
    std::string type;
    std::string blob;
    line >> type >> blob;
    keys.push_back(type + " " + blob);
  }
  return keys;
}

std::string Sshd::fingerprint(std::size_t n) const {
  std::istringstream line(run({"/usr/bin/ssh-keygen", "-l", "-f", directory_ / fmt::format("host{}.pub", n)}));
  std::string bits;
  std::string fingerprint;
  line >> bits >> fingerprint;
  return fingerprint;
}

std::string Sshd::host_ca() const {
  std::istringstream line(slurp(directory_ / "ca.pub"));
  std::string type;
  std::string blob;
  line >> type >> blob;
  return "cert-authority " + type + " " + blob;
}

std::string Sshd::log() const { return slurp(directory_ / "log"); }

std::vector<pid_t> Sshd::sessions() const {
  std::vector<pid_t> family{pid_};
  std::vector<pid_t> found;
  std::vector<std::pair<pid_t, Stat>> all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    if (std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) {
      const pid_t pid = std::stoi(name);
      all.emplace_back(pid, stat_of(pid));
    }
  }
  for (std::size_t i = 0; i < family.size(); ++i) {
    for (const auto& [pid, stat] : all) {
      if (stat.parent != family[i] || stat.name != "sshd") continue;
      family.push_back(pid);
      found.push_back(pid);
    }
  }
  return found;
}

void Sshd::kill_sessions() {
  for (const pid_t pid : sessions()) kill(pid, SIGKILL);
}

}  // namespace belay::test
