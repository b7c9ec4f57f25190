// The main loop that all transport workers share: speaks the worker protocol on file descriptor 3 for a Backend.
//
// Returns the process' exit status: 0 when the daemon closed the link, 65 when it broke the protocol, 70 when there is
// no link. Descriptor 3 is taken over. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "plugins/transport/runtime/backend.hpp"

namespace belay::worker {

inline constexpr int link_fd = 3;

// `make` gets the executor and a function that sends a line to the daemon's log (level, text).
using LogLine = std::function<void(std::string level, std::string text)>;
using MakeBackend = std::function<std::unique_ptr<Backend>(const boost::asio::any_io_executor&, LogLine)>;

int run(std::string transport, const MakeBackend& make);

}  // namespace belay::worker
