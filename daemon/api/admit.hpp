// The gate in front of the handlers: from an HTTP header (and a JSON body) to a Request, or to the answer that refuses
// it.
//
// Deny by default: only routes of the table, only their methods, only declared query values and body members, each of
// its type; no Transfer-Encoding (so no CL+TE smuggling and no chunk bombs), no Content-Encoding, no Upgrade, no
// browser (Origin). Pure; total over all bytes.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/api/context.hpp"
#include "daemon/api/http.hpp"
#include "daemon/api/routes.hpp"

namespace belay::api {

// What the HTTP parser found; names of fields in any case, as they were sent.
struct Head {
  std::string method;
  std::string target;
  bool http11 = true;
  std::vector<std::pair<std::string, std::string>> fields;
  std::optional<std::uint64_t> content_length;
};

struct Admitted {
  const Route* route = nullptr;
  Request request;
  bool expect_continue = false;
};

// Everything that can be said before the body is read, its size included.
[[nodiscard]] std::expected<Admitted, Response> admit(const Head& head, const ApiLimits& limits);

// Reads request.body into request.json and checks it against the route's fields.
[[nodiscard]] Result<void> admit_body(const Route& route, Request& request, const ApiLimits& limits);

}  // namespace belay::api
