// Sshd: a real OpenSSH server on loopback for one test, with its own configuration, host keys and authorized key, run
// as the current user (root or not). Everything of it lives in one temporary directory and goes with it.
//
// The constructor returns once the server accepts connections; it throws std::runtime_error with the server's log when
// it does not come up. Processes are ended by pid only. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace belay::test {

struct SshdOptions {
  std::vector<std::string> host_keys{"ed25519", "ecdsa"};  // types for ssh-keygen -t
  std::vector<std::string> config{};                       // lines, before ours: the first setting wins in sshd_config
  bool host_certificates = false;                          // host keys are also signed by host_ca()
  bool user_certificates = false;                          // only keys signed by the user CA may log in
};

class Sshd {
 public:
  explicit Sshd(SshdOptions options = {});
  Sshd(const Sshd&) = delete;
  Sshd& operator=(const Sshd&) = delete;
  ~Sshd();

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return pid_; }
  const std::filesystem::path& directory() const { return directory_; }
  // The account to log in as: the one the test runs under.
  const std::string& user() const { return user_; }
  // An ed25519 key that may log in, its certificate when user_certificates, and one nobody knows.
  std::filesystem::path key() const { return directory_ / "id"; }
  std::filesystem::path certificate() const { return directory_ / "id-cert.pub"; }
  std::filesystem::path stranger() const { return directory_ / "stranger"; }
  // "ssh-ed25519 AAAA…", per host key, in the order of the options.
  std::vector<std::string> host_keys() const;
  // "SHA256:…" as ssh-keygen prints it, of the n-th host key.
  std::string fingerprint(std::size_t n) const;
  // "cert-authority ssh-ed25519 AAAA…"
  std::string host_ca() const;

  std::string log() const;
  // Processes that serve connections at the moment.
  std::vector<pid_t> sessions() const;
  // SIGKILL to all of them; the commands they run are left alone.
  void kill_sessions();
  // Ends the server and starts it again on the same port, with new host keys if asked.
  void restart(bool new_host_keys);

 private:
  void make_keys();
  void make_host_keys();
  void write_config();
  bool start();
  void stop();

  SshdOptions options_;
  std::filesystem::path directory_;
  std::string user_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

// Runs a program to its end and gives its standard output; throws std::runtime_error when it fails.
std::string run(const std::vector<std::string>& argv);

// A loopback port nobody listens on at the moment.
std::uint16_t free_port();

}  // namespace belay::test
