// The worker's cage: after start it may talk over sockets and compute, and nothing else. No files, no programs, no
// other processes, no sockets but TCP ones, no new executable memory (seccomp allow-list; everything else fails with
// EPERM).
//
// Also: no core dumps, no ptrace by others of the same account, no new privileges.
#pragma once

#include "daemon/base/error.hpp"

namespace belay::ssh {

// For the rest of this process' life. Kind::io when the kernel refuses: then no key may be used.
[[nodiscard]] Result<void> lock_down();

// False in builds with a sanitizer, whose runtime needs more than the cage allows.
[[nodiscard]] bool lock_down_by_default();

}  // namespace belay::ssh
