#include "daemon/api/problem.hpp"

#include "daemon/api/documents.hpp"

namespace belay::api {

int status_of(Kind kind) {
  switch (kind) {
    case Kind::invalid:
      return 400;
    case Kind::refused:
      return 403;
    case Kind::not_found:
      return 404;
    case Kind::conflict:
      return 409;
    case Kind::integrity:
      return 422;
    case Kind::unreachable:
      return 502;
    case Kind::timeout:
      return 504;
    case Kind::unknown:
    case Kind::io:
    case Kind::cancelled:
    case Kind::internal:
      return 500;
  }
  return 500;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

Response problem(const Error& error, int status) {
  if (status == 0) status = status_of(error.kind);
  Json document{{"type", "about:blank"}, {"title", reason_of(status)}, {"status", status},
                {"detail", error.what},  {"next", error.next},         {"kind", to_string(error.kind)}};
  if (error.place) {
    document["place"] = {{"file", error.place->file}, {"line", error.place->line}, {"column", error.place->column}};
  }
  return {.status = status,
          .type = "application/problem+json",
          .body = text_of(document),
          .headers = {},
          .stream = {},
          .problem = error.text()};
}

}  // namespace belay::api
