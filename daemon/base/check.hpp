// Checks of our own logic that stay on in release builds: a broken invariant aborts, and the journal recovers.
//
// Never use them on input; input gets a Result. Safe from every thread.
#pragma once

namespace belay {

// Prints `expression` with its place to stderr and aborts.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace belay

#define BELAY_CHECK(expression) \
  (static_cast<bool>(expression) ? void() : ::belay::check_failed(#expression, __FILE__, __LINE__))
// A place that cannot be reached unless our own logic is wrong; `why` says what would have to be.
#define BELAY_UNREACHABLE(why) ::belay::check_failed(why, __FILE__, __LINE__)
