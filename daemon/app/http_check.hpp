// The http action's check made from the daemon's side (`from: daemon`): does the service answer to somebody outside?
//
// Takes the action's parameters as files (docs/host-protocol.md): url, status, contains, within, every, consecutive,
// method, insecure. Success: the wanted answer came so many times in a row within the time. Failure: Kind::timeout with
// what was seen last. Blocks its thread; safe from every thread. Only http and https; redirects are not followed.
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/model/plan.hpp"

namespace belay::app {

[[nodiscard]] Result<void> http_check(const ParamFiles& params);

}  // namespace belay::app
