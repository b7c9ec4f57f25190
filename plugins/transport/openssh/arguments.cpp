#include "plugins/transport/openssh/arguments.hpp"

namespace belay::openssh {

namespace wp = worker_protocol;

namespace {

// ssh expands %-tokens in addresses and file names.
std::string literal(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '%') out.push_back('%');
    out.push_back(c);
  }
  return out;
}

void set(std::vector<std::string>& argv, const std::string& option) {
  argv.emplace_back("-o");
  argv.push_back(option);
}

}  // namespace

std::string known_hosts(const wp::Open& open) {
  constexpr std::string_view authority = "cert-authority ";
  std::string text;
  for (const auto& key : open.host_keys) {
    if (key.starts_with(authority)) {
      text += "@cert-authority * " + key.substr(authority.size()) + "\n";
    } else {
      text += "* " + key + "\n";
    }
  }
  return text;
}

std::string control_socket(std::uint32_t number) { return "./c" + std::to_string(number); }

std::vector<std::string> master_arguments(const wp::Open& open, const std::string& key_file, std::uint32_t number,
                                          std::chrono::seconds patience) {
  const std::string id = std::to_string(number);
  // -v: how a command ended is only told there (see master_log.hpp).
  std::vector<std::string> argv{"/usr/bin/ssh", "-v", "-M", "-N", "-T", "-S", control_socket(number)};
  // With -F neither the account's nor the system's configuration is read.
  argv.insert(argv.end(), {"-F", open.ssh_config.empty() ? "/dev/null" : open.ssh_config});
  for (const char* option :
       {"BatchMode=yes", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "CheckHostIP=no", "ControlPersist=no",
        "IdentitiesOnly=yes", "ServerAliveCountMax=3", "ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes",
        "PermitLocalCommand=no", "Tunnel=no", "RemoteCommand=none", "LogLevel=DEBUG1"}) {
    set(argv, option);
  }
  set(argv, "ServerAliveInterval=" + std::to_string(open.keepalive_ms / 1000));
  set(argv, "ConnectTimeout=" + std::to_string(std::max<std::int64_t>(1, patience.count())));
  // Without pinned keys the configuration has to say where known ones are; strict checking stays on.
  if (!open.host_keys.empty()) {
    set(argv, "UserKnownHostsFile=./k" + id);
    set(argv, "GlobalKnownHostsFile=/dev/null");
  }
  if (!key_file.empty()) argv.insert(argv.end(), {"-i", literal(key_file)});
  if (!open.address.empty()) set(argv, "HostName=" + literal(open.address));
  if (open.port != 0) set(argv, "Port=" + std::to_string(open.port));
  if (!open.user.empty()) set(argv, "User=" + open.user);
  argv.insert(argv.end(), {"--", open.name});
  return argv;
}

std::vector<std::string> command_arguments(const wp::Open& open, std::uint32_t number, const std::string& command) {
  // ProxyCommand: should the control socket be gone, ssh would silently connect anew; now it fails instead. QUIET: its
  // own messages must not mix with the command's.
  return {"/usr/bin/ssh", "-T",
          "-F",           "/dev/null",
          "-S",           control_socket(number),
          "-o",           "ControlMaster=no",
          "-o",           "BatchMode=yes",
          "-o",           "ProxyCommand=/bin/false",
          "-o",           "LogLevel=QUIET",
          "--",           open.name,
          command};
}

}  // namespace belay::openssh
