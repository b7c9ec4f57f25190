// Errors as RFC 9457 problem documents: {type, title, status, detail, next, kind, place}. `next` is Belay's own member:
// what to do about it. Pure.
#pragma once

#include "daemon/api/http.hpp"
#include "daemon/base/error.hpp"

namespace belay::api {

// The HTTP status of an error's kind: invalid 400, refused 403, not_found 404, conflict 409, integrity 422, unreachable
// 502, timeout 504, all others 500.
[[nodiscard]] int status_of(Kind kind);

// The standard reason phrase, e.g. 404 → "Not Found"; also used as the problem's title.
[[nodiscard]] std::string_view reason_of(int status);

// `status` 0 takes the kind's own; errors of HTTP itself (405, 408, 411, 413, 415, 431, 503) name theirs.
[[nodiscard]] Response problem(const Error& error, int status = 0);

}  // namespace belay::api
