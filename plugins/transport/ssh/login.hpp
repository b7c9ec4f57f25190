// From a host's description to a login: connect, shake hands, compare the host key with the pinned ones, show our key.
//
// Each way to fail has its own sentence and next step: refused, no route, silence, not an SSH server, algorithms
// (named, with what to change), a host key of another type, another host key (both fingerprints), our key not accepted.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "plugins/transport/runtime/backend.hpp"
#include "plugins/transport/ssh/identity.hpp"

namespace belay::ssh {

boost::asio::awaitable<worker::OpenResult> login(boost::asio::any_io_executor executor, const PrivateKey& key,
                                                 worker_protocol::Open open, worker::Time deadline);

}  // namespace belay::ssh
