// belayd put together: the one place where the concrete store, workers, engine and API meet.
//
// run() returns the process's exit status: 0 after a polite stop (SIGTERM, SIGINT), 1 with a sentence in the log when
// it could not start. The thread that calls it is the loop.
#pragma once

#include "daemon/app/config.hpp"

namespace belay::app {

[[nodiscard]] int run_daemon(const Config& config);

}  // namespace belay::app
