#include "daemon/api/admit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/api/problem.hpp"
#include "daemon/api/target.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/wire/json.hpp"

namespace belay::api {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::unexpected<Response> refuse(int status, std::string what, std::string next) {
  const Kind kind = status == 403 ? Kind::refused : status == 404 ? Kind::not_found : Kind::invalid;
  return std::unexpected(problem(Error{kind, std::move(what), std::move(next), {}}, status));
}

bool is_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc{} && end == text.data() + text.size() && value >= 0 && !text.starts_with('-');
}

Result<void> check_query(const Route& route, const std::map<std::string, std::string>& query) {
  for (const auto& [name, value] : query) {
    const auto field = std::ranges::find(route.query, name, &Field::name);
    if (field == route.query.end()) {
      return fail(Kind::invalid, fmt::format("{} knows no query value '{}'", route.path, show(name)),
                  "docs/openapi.yaml lists what it knows.");
    }
    if (field->type == Type::number && !is_number(value)) {
      return fail(Kind::invalid, fmt::format("'{}' must be a number of 0 or more, not '{}'", name, show(value)));
    }
    if (field->type == Type::boolean && value != "true" && value != "false") {
      return fail(Kind::invalid, fmt::format("'{}' must be true or false, not '{}'", name, show(value)));
    }
  }
  for (const Field& field : route.query) {
    if (field.required && !query.contains(std::string(field.name))) {
      return fail(Kind::invalid, fmt::format("{} needs the query value '{}'", route.path, field.name),
                  fmt::format("{}.", field.summary));
    }
  }
  return {};
}

bool has_type(const nlohmann::json& value, Type type) {
  const auto is_text = [](const nlohmann::json& item) { return item.is_string(); };
  switch (type) {
    case Type::text:
      return value.is_string();
    case Type::number:
      return value.is_number_unsigned();
    case Type::boolean:
      return value.is_boolean();
    case Type::texts:
      return value.is_array() && std::ranges::all_of(value, is_text);
    case Type::map:
      return value.is_object() && std::ranges::all_of(value, is_text);
  }
  return false;
}

std::string_view words(Type type) {
  switch (type) {
    case Type::text:
      return "text";
    case Type::number:
      return "a whole number of 0 or more";
    case Type::boolean:
      return "true or false";
    case Type::texts:
      return "a list of texts";
    case Type::map:
      return "an object whose members are texts";
  }
  return "text";
}

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// Fields that mean something to us, each at most once; those that ask for what we do not do are refused.
std::expected<void, Response> read_fields(const Head& head, Admitted& out, std::string& content_type) {
  std::vector<std::string> seen;
  int hosts = 0;
  for (const auto& [raw, value] : head.fields) {
    const std::string name = lower(raw);
    if (name == "transfer-encoding") {
      return refuse(411, "bodies in pieces (Transfer-Encoding) are not taken", "Send Content-Length instead.");
    }
    if (name == "content-encoding" && lower(value) != "identity") {
      return refuse(415, "encoded bodies (Content-Encoding) are not taken", "Send the body as it is.");
    }
    if (name == "upgrade") return refuse(400, "there is nothing to upgrade to", "Speak plain HTTP/1.1.");
    if (name == "origin") {
      return refuse(403, "this socket is not for web pages", "Use the belay command or the API from a program.");
    }
    if (name == "host") ++hosts;
    std::string* into = nullptr;
    if (name == "content-type") into = &content_type;
    if (name == "idempotency-key") into = &out.request.idempotency_key;
    if (name == "last-event-id") into = &out.request.last_event_id;
    if (name == "belay-signature") into = &out.request.signature;
    if (name == "if-none-match") into = &out.request.if_none_match;
    if (name == "expect") {
      if (lower(value) != "100-continue")
        return refuse(400, "the Expect field asks for something unknown", "Leave it out.");
      out.expect_continue = true;
    }
    if (into == nullptr) continue;
    if (std::ranges::find(seen, name) != seen.end()) {
      return refuse(400, fmt::format("the header says {} twice", name), "Say it once.");
    }
    seen.push_back(name);
    *into = value;
  }
  if (hosts != 1) return refuse(400, "the header must say Host exactly once", "Any name will do: Host: belay.");
  return {};
}

}  // namespace

std::expected<Admitted, Response> admit(const Head& head, const ApiLimits& limits) {
  if (!head.http11) return refuse(505, "only HTTP/1.1 is spoken here", "Use HTTP/1.1.");
  Admitted out;
  std::string content_type;
  if (auto read = read_fields(head, out, content_type); !read) return std::unexpected(std::move(read).error());

  const std::size_t question = head.target.find('?');
  const std::string_view path = std::string_view(head.target).substr(0, question);
  Match found = match(head.method, path);
  if (found.route == nullptr && found.allowed.empty()) {
    return refuse(404, "there is nothing at this path", "docs/openapi.yaml lists the paths.");
  }
  if (found.route == nullptr) {
    auto refusal = problem(Error{Kind::invalid,
                                 fmt::format("this path knows only {}", fmt::join(found.allowed, ", ")),
                                 "Use one of these methods.",
                                 {}},
                           405);
    refusal.headers.emplace_back("Allow", fmt::format("{}", fmt::join(found.allowed, ", ")));
    return std::unexpected(std::move(refusal));
  }
  const Route& route = *found.route;
  if (route.grant != Grant::peer) return refuse(403, "nobody may use this route", "It says so in the route table.");

  auto query = parse_query(question == std::string::npos ? "" : std::string_view(head.target).substr(question + 1));
  if (!query) return std::unexpected(problem(query.error()));
  if (auto checked = check_query(route, *query); !checked) return std::unexpected(problem(checked.error()));

  const std::string& key = out.request.idempotency_key;
  if (key.size() > 64 || !printable(key)) {
    return refuse(400, "the Idempotency-Key is not 1 to 64 printable ASCII characters",
                  "Send a random one, such as a UUID.");
  }

  const std::uint64_t length = head.content_length.value_or(0);
  if (route.takes == Takes::nothing && length > 0) {
    return refuse(413, fmt::format("{} takes no body", route.path), "Leave the body out.");
  }
  if (route.takes == Takes::json && length > 0 &&
      lower(content_type).substr(0, content_type.find(';')) != "application/json") {
    return refuse(415, "the body must be JSON", "Send Content-Type: application/json.");
  }
  if (route.takes == Takes::stream && !head.content_length) {
    return refuse(411, "the size of the upload is not known", "Send Content-Length.");
  }
  const std::uint64_t most = route.takes == Takes::stream ? limits.package_bytes : limits.json_bytes;
  if (length > most) {
    return refuse(413, fmt::format("the body has {} bytes, at most {} are taken", length, most), "Send less.");
  }

  out.route = &route;
  out.request.method = route.method;
  out.request.path = decode_part(path).value_or("");
  out.request.params = std::move(found.params);
  out.request.query = std::move(*query);
  out.request.upload_bytes = length;
  return out;
}

Result<void> admit_body(const Route& route, Request& request, const ApiLimits& limits) {
  request.json = nlohmann::json::object();
  if (!request.body.empty()) {
    wire::JsonLimits guard;
    guard.bytes = limits.json_bytes;
    BELAY_TRY(request.json, wire::read_json(request.body, "request body", guard));
  }
  if (!request.json.is_object()) return fail(Kind::invalid, "the body must be a JSON object", "Send {…}.");
  for (const auto& [name, value] : request.json.items()) {
    const auto field = std::ranges::find(route.fields, name, &Field::name);
    if (field == route.fields.end()) {
      return fail(Kind::invalid, fmt::format("the body has an unknown member '{}'", show(name)),
                  "docs/openapi.yaml lists what this route knows.");
    }
    if (!has_type(value, field->type)) {
      return fail(Kind::invalid, fmt::format("'{}' must be {}", name, words(field->type)));
    }
  }
  for (const Field& field : route.fields) {
    if (field.required && !request.json.contains(field.name)) {
      return fail(Kind::invalid, fmt::format("the body needs '{}'", field.name), fmt::format("{}.", field.summary));
    }
  }
  return {};
}

}  // namespace belay::api
