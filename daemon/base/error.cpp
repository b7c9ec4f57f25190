#include "daemon/base/error.hpp"

#include <fmt/format.h>

namespace belay {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::invalid:
      return "invalid";
    case Kind::refused:
      return "refused";
    case Kind::not_found:
      return "not-found";
    case Kind::conflict:
      return "conflict";
    case Kind::unreachable:
      return "unreachable";
    case Kind::timeout:
      return "timeout";
    case Kind::unknown:
      return "unknown-outcome";
    case Kind::integrity:
      return "integrity";
    case Kind::io:
      return "io";
    case Kind::cancelled:
      return "cancelled";
    case Kind::internal:
      return "internal";
  }
  return "internal";
}

std::string Error::text() const {
  std::string out;
  if (place) {
    out = place->file;
    if (place->line > 0) out += fmt::format(":{}:{}", place->line, place->column);
    out += ": ";
  }
  out += what;
  if (!next.empty()) {
    if (!out.empty() && out.back() != '.' && out.back() != '?' && out.back() != '!') out += '.';
    out += ' ';
    out += next;
  }
  return out;
}

std::unexpected<Error> fail(Kind kind, std::string what, std::string next, std::optional<Place> place) {
  return std::unexpected(Error{kind, std::move(what), std::move(next), std::move(place)});
}

}  // namespace belay
