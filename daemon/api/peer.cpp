#include "daemon/api/peer.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/socket.h>

#include <vector>

#include "daemon/base/escape.hpp"

namespace belay::api {
namespace {

// More users than that on one socket means somebody makes them up; names are then looked up each time.
constexpr std::size_t most_names = 1024;

std::string name_of(uid_t uid) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  return show(entry.pw_name);
}

}  // namespace

Result<Peer> Peers::of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return fail(Kind::io, "the kernel does not say who is connected");
  }
  auto name = names_.find(credentials.uid);
  if (name == names_.end()) {
    if (names_.size() >= most_names) names_.clear();
    name = names_.emplace(credentials.uid, name_of(credentials.uid)).first;
  }
  const std::string actor = name->second.empty() ? fmt::format("uid {}", credentials.uid)
                                                 : fmt::format("{} (uid {})", name->second, credentials.uid);
  return Peer{credentials.uid, credentials.gid, credentials.pid, actor};
}

}  // namespace belay::api
