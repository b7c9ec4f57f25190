// What ssh said when it could not log in, in the words all transports use. Pure; `said` is text of ssh and of the
// server, and is escaped.
#pragma once

#include <string>

#include "belay/worker_protocol.hpp"

namespace belay::openssh {

// `host_key`: "ssh-ed25519 SHA256:…" that the server showed, empty when it got not that far.
worker_protocol::Failure explain(const worker_protocol::Open& open, const std::string& said,
                                 const std::string& host_key);

}  // namespace belay::openssh
