// Who is at the other end of a Unix socket. The kernel says it (SO_PEERCRED); nothing a client sends can change it.
//
// Loop thread only. Names are looked up once per uid and remembered.
#pragma once

#include <map>
#include <string>

#include "daemon/api/http.hpp"
#include "daemon/base/error.hpp"

namespace belay::api {

class Peers {
 public:
  // Kind::io when the kernel does not say (which only a socket of another family makes it do).
  [[nodiscard]] Result<Peer> of(int socket);

 private:
  std::map<uid_t, std::string> names_;
};

}  // namespace belay::api
