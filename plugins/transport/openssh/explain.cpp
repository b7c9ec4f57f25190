#include "plugins/transport/openssh/explain.hpp"

#include "daemon/base/base64.hpp"
#include "daemon/base/escape.hpp"
#include "plugins/transport/runtime/fingerprint.hpp"

namespace belay::openssh {

namespace wp = worker_protocol;

namespace {

std::string pinned(const wp::Open& open) {
  std::string all;
  for (const auto& line : open.host_keys) {
    const auto blank = line.rfind(' ');
    const auto blob = decode_base64(line.substr(blank + 1));
    if (!all.empty()) all += ", ";
    all += blob ? worker::fingerprint(*blob) + " (" + line.substr(0, blank) + ")" : "a damaged key";
  }
  return all.empty() ? "nothing" : all;
}

// The line of `said` that holds `part`, escaped.
std::string line_with(const std::string& said, std::string_view part) {
  const auto at = said.find(part);
  if (at == std::string::npos) return {};
  const auto begin = said.rfind('\n', at);
  const auto end = said.find('\n', at);
  const auto first = begin == std::string::npos ? 0 : begin + 1;
  return show(said.substr(first, end - first));
}

struct Known {
  const char* said;
  Kind kind;
  const char* what;
  const char* next;
};

// Asked in this order; the first that fits is it. `what` follows the host's name, ssh's own line follows it.
constexpr Known table[] = {
    {"bad configuration option", Kind::invalid, "its ssh_config is not one",
     "Correct the ssh_config of the environment."},
    {"Bad configuration option", Kind::invalid, "its ssh_config is not one",
     "Correct the ssh_config of the environment."},
    {"Can't open user config file", Kind::invalid, "its ssh_config cannot be read",
     "Correct the path of ssh_config, or let the account of belayd read it."},
    {"UNPROTECTED PRIVATE KEY FILE", Kind::refused, "the key of the identity can be read by others",
     "Protect the key file: chmod 600."},
    {"no matching", Kind::refused, "has no algorithm in common with the system's ssh",
     "Allow one of the algorithms the host offers in the ssh_config, or better, a newer one in its sshd_config."},
    {"Could not resolve hostname", Kind::unreachable, "has a name that does not resolve",
     "Correct the address in the inventory, or add it to the name service."},
    {"Connection refused", Kind::unreachable, "refused the connection: nothing listens there",
     "Check that sshd runs on the host, and the port in the inventory."},
    {"timed out", Kind::timeout, "did not answer in time",
     "Check that the host is up and that no firewall is in between."},
};

}  // namespace

wp::Failure explain(const wp::Open& open, const std::string& said, const std::string& host_key) {
  if (said.find("Host key verification failed") != std::string::npos) {
    return {Kind::refused,
            open.name + " shows the host key " + (host_key.empty() ? "(unknown)" : show(host_key)) +
                ", but pinned is " + pinned(open),
            "Nothing was sent to it. If the host was really given a new key, compare the fingerprint out of band and "
            "pin it "
            "anew; if not, somebody stands in between."};
  }
  if (said.find("Permission denied") != std::string::npos) {
    return {
        Kind::refused,
        open.name + " did not accept the identity of this environment for the user " + open.user + ": " +
            line_with(said, "Permission denied"),
        "Put its public key into that user's authorized_keys there, or name the CertificateFile in the ssh_config."};
  }
  for (const Known& known : table) {
    const std::string line = line_with(said, known.said);
    if (!line.empty()) return {known.kind, open.name + " " + known.what + " (ssh says: " + line + ")", known.next};
  }
  // Nothing known: its last line.
  const auto last = said.find_last_not_of('\n');
  const auto before = last == std::string::npos ? last : said.rfind('\n', last);
  const auto begin = before == std::string::npos ? 0 : before + 1;
  const std::string line = last == std::string::npos ? "nothing" : show(said.substr(begin, last + 1 - begin));
  return {Kind::unreachable, open.name + " could not be logged in to (ssh says: " + line + ")",
          "Try `ssh -v` by hand with the same ssh_config; look at the log of its sshd."};
}

}  // namespace belay::openssh
