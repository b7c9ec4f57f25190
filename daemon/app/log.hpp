// The daemon's log: one line per event, as text or as JSON, to standard error or a file; safe against hostile bytes.
//
// Set up once at start, before any thread. Whatever is logged passes show() as a whole, so nothing a host, a package or
// a person wrote can break a line, move a cursor or forge an entry (threats G-58, H-63).
#pragma once

#include "daemon/app/config.hpp"
#include "daemon/base/error.hpp"

namespace belay::app {

// Kind::io when the file cannot be opened.
[[nodiscard]] Result<void> set_up_log(const LogConfig& config);

}  // namespace belay::app
