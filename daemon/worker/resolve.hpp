// Names to addresses, on the daemon's side: a worker has no file system and cannot look anything up.
//
// Numeric addresses pass through unlooked-up. Kind::unreachable when the name is not known, Kind::timeout at the
// deadline.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "belay/signal.hpp"
#include "daemon/base/error.hpp"

namespace belay {

boost::asio::awaitable<Result<std::vector<std::string>>> resolve(std::string host, std::string address,
                                                                 Signal::Time deadline);

}  // namespace belay
