// What went wrong, in words an operator understands, and what to do next.
//
// Every fallible function of Belay returns Result<T>; nothing throws across a module border. Programmer errors are not
// Errors: they abort through check.hpp, and the journal recovers. Values are plain and may be copied across threads.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace belay {

// The kind decides the exit code and the HTTP status; the sentence is for people.
enum class Kind : std::uint8_t {
  invalid,      // the input is wrong; `where` says where
  refused,      // a rule says no
  not_found,    // no such thing
  conflict,     // somebody else is working on it, or it has changed
  unreachable,  // a host or a process cannot be talked to
  timeout,      // a deadline passed
  unknown,      // the outcome of something begun cannot be known: never success, never "not done"
  integrity,    // bytes are not what they were promised to be
  io,           // the disk or the operating system failed
  cancelled,    // asked to stop
  internal,     // a defect in Belay that could be reported instead of aborting
};

std::string_view to_string(Kind kind);

// A place in a file a person wrote. Lines and columns count from 1; 0 means unknown.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

struct Error {
  Kind kind = Kind::internal;
  std::string what;            // one sentence: what happened, to what, where
  std::string next;            // one sentence: what to do about it; may be empty when `what` says it all
  std::optional<Place> place;  // set when the error is about a place in a file

  // "file:3:7: what. next" on one line; hostile bytes in it are the caller's to escape (escape.hpp).
  [[nodiscard]] std::string text() const;
};

template <class T>
using Result = std::expected<T, Error>;

// Shorthand for `return fail(Kind::invalid, "…", "…")` from any function returning a Result.
[[nodiscard]] std::unexpected<Error> fail(Kind kind, std::string what, std::string next = {},
                                          std::optional<Place> place = std::nullopt);

}  // namespace belay

// Passes an error on: `BELAY_TRY(auto x, f());` declares x or returns the error of f().
#define BELAY_TRY_CAT2(a, b) a##b
#define BELAY_TRY_CAT(a, b) BELAY_TRY_CAT2(a, b)
#define BELAY_TRY_IMPL(tmp, decl, ret, ...)              \
  auto tmp = (__VA_ARGS__);                              \
  if (!tmp) ret std::unexpected(std::move(tmp).error()); \
  decl = std::move(*tmp)
#define BELAY_TRY(decl, ...) BELAY_TRY_IMPL(BELAY_TRY_CAT(belay_try_, __LINE__), decl, return, __VA_ARGS__)
#define BELAY_CO_TRY(decl, ...) BELAY_TRY_IMPL(BELAY_TRY_CAT(belay_try_, __LINE__), decl, co_return, __VA_ARGS__)
// The same for Result<void>.
#define BELAY_TRYV(...)                                                     \
  do {                                                                      \
    auto belay_tryv = (__VA_ARGS__);                                        \
    if (!belay_tryv) return std::unexpected(std::move(belay_tryv).error()); \
  } while (false)
#define BELAY_CO_TRYV(...)                                                     \
  do {                                                                         \
    auto belay_tryv = (__VA_ARGS__);                                           \
    if (!belay_tryv) co_return std::unexpected(std::move(belay_tryv).error()); \
  } while (false)
