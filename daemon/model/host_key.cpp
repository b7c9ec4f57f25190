#include "daemon/model/host_key.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "daemon/base/base64.hpp"
#include "daemon/base/escape.hpp"

namespace belay {
namespace {

constexpr std::array<std::string_view, 7> types{"ssh-ed25519",
                                                "ecdsa-sha2-nistp256",
                                                "ecdsa-sha2-nistp384",
                                                "ecdsa-sha2-nistp521",
                                                "ssh-rsa",
                                                "sk-ssh-ed25519@openssh.com",
                                                "sk-ecdsa-sha2-nistp256@openssh.com"};

}  // namespace

Result<void> check_host_key(std::string_view line) {
  const auto refuse = [&line] {
    return fail(Kind::invalid, "'" + show(line).substr(0, 60) + "' is no host key",
                "Give the type and the key as `belay host scan-key` prints them, without a comment.");
  };
  constexpr std::string_view authority = "cert-authority ";
  const std::string_view key = line.starts_with(authority) ? line.substr(authority.size()) : line;
  const std::size_t blank = key.find(' ');
  if (blank == std::string_view::npos) return refuse();
  const std::string_view type = key.substr(0, blank);
  if (std::ranges::find(types, type) == types.end()) return refuse();
  const auto blob = key.size() > 16384 ? std::nullopt : decode_base64(key.substr(blank + 1));
  // The blob begins with its own type, four bytes of length in front.
  if (!blob || blob->size() < 4 + type.size() + 4 || blob->substr(4, type.size()) != type ||
      blob->substr(0, 3) != std::string_view("\0\0\0", 3) || static_cast<unsigned char>((*blob)[3]) != type.size())
    return refuse();
  return {};
}

}  // namespace belay
