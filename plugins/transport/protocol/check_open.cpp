// What a host's description may look like before any of it reaches a socket, a file or an argument list.
#include <algorithm>

#include "belay/worker_protocol.hpp"
#include "daemon/base/escape.hpp"

namespace belay::worker_protocol {
namespace {

// Keeps an open frame far below the largest one.
constexpr std::size_t most_host_keys = 16;

bool word_of(std::string_view text, std::string_view extra) {
  return !text.empty() && text.front() != '-' && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || extra.contains(c);
  });
}

// "[cert-authority ]TYPE BASE64", nothing after it.
bool host_key_shape(std::string_view line) {
  constexpr std::string_view authority = "cert-authority ";
  if (line.starts_with(authority)) line.remove_prefix(authority.size());
  const auto blank = line.find(' ');
  return blank != std::string_view::npos && word_of(line.substr(0, blank), "-@.") &&
         word_of(line.substr(blank + 1), "+/=");
}

std::unexpected<Error> bad(const Open& open, std::string_view field, std::string_view value, std::string_view rule) {
  return fail(Kind::invalid,
              "host " + show(open.name.substr(0, 100)) + ": the " + std::string(field) + " '" +
                  show(value.substr(0, 200)) + "' is not one",
              std::string(rule));
}

}  // namespace

Result<void> check(const Open& open) {
  if (open.name.size() > 255 || !word_of(open.name, "._-")) {
    return bad(open, "name", open.name, "Use letters, digits, '.', '_' and '-', not beginning with '-'.");
  }
  if (!open.address.empty() && (open.address.size() > 255 || !word_of(open.address, "._:-%"))) {
    return bad(open, "address", open.address, "Give a host name or an IPv4 or IPv6 address.");
  }
  for (const auto& address : open.addresses) {
    if (!word_of(address, ".:%")) return bad(open, "address", address, "Give an IPv4 or IPv6 address.");
  }
  if (!open.user.empty() && (open.user.size() > 64 || !word_of(open.user, "._-@"))) {
    return bad(open, "user", open.user, "Use letters, digits, '.', '_', '@' and '-', not beginning with '-'.");
  }
  if (open.host_keys.size() > most_host_keys) {
    return fail(Kind::invalid,
                "host " + open.name + " has more than " + std::to_string(most_host_keys) + " pinned host keys",
                "Pin one key of each type.");
  }
  for (const auto& key : open.host_keys) {
    if (key.size() > 16 * 1024 || !host_key_shape(key)) {
      return bad(open, "host key", key, "Give it as `belay host scan-key` prints it: 'ssh-ed25519 AAAA…'.");
    }
  }
  if (!open.ssh_config.empty()) {
    const bool printable =
        std::ranges::all_of(open.ssh_config, [](char c) { return c > ' ' && c != 0x7f && c != '"'; });
    if (!open.ssh_config.starts_with('/') || !printable) {
      return bad(open, "ssh_config", open.ssh_config, "Give an absolute path without blanks.");
    }
  }
  return {};
}

}  // namespace belay::worker_protocol
