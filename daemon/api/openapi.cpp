#include "daemon/api/openapi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "daemon/api/problem.hpp"
#include "daemon/api/routes.hpp"

namespace belay::api {
namespace {

std::string yaml_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return '"' + escaped + '"';
}

std::string_view schema_of(Type type) {
  switch (type) {
    case Type::text:
      return "{type: string}";
    case Type::number:
      return "{type: integer, minimum: 0}";
    case Type::boolean:
      return "{type: boolean}";
    case Type::texts:
      return "{type: array, items: {type: string}}";
    case Type::map:
      return "{type: object, additionalProperties: {type: string}}";
  }
  return "{}";
}

std::string lower(std::string_view method) {
  std::string out(method);
  std::ranges::transform(out, out.begin(), [](char c) { return static_cast<char>(c + ('a' - 'A')); });
  return out;
}

std::string parameters(const Route& route) {
  std::string out;
  for (std::size_t at = route.path.find('{'); at != std::string_view::npos; at = route.path.find('{', at + 1)) {
    const std::string_view name = route.path.substr(at + 1, route.path.find('}', at) - at - 1);
    out += fmt::format("        - {{name: {}, in: path, required: true, schema: {{type: string}}}}\n", name);
  }
  for (const Field& field : route.query) {
    out += fmt::format("        - {{name: {}, in: query, required: {}, description: {}, schema: {}}}\n", field.name,
                       field.required, yaml_text(field.summary), schema_of(field.type));
  }
  if (route.method == Method::post) out += "        - {$ref: \"#/components/parameters/IdempotencyKey\"}\n";
  if (route.answer_type == "text/event-stream") out += "        - {$ref: \"#/components/parameters/LastEventID\"}\n";
  if (route.takes == Takes::stream) out += "        - {$ref: \"#/components/parameters/BelaySignature\"}\n";
  return out.empty() ? out : "      parameters:\n" + out;
}

std::string body(const Route& route) {
  if (route.takes == Takes::nothing) return {};
  if (route.takes == Takes::stream) {
    return "      requestBody:\n        required: true\n        content:\n          application/octet-stream:\n"
           "            schema: {type: string, format: binary}\n";
  }
  std::string out =
      "      requestBody:\n        content:\n          application/json:\n            schema:\n"
      "              type: object\n              additionalProperties: false\n";
  std::string required;
  std::string properties;
  for (const Field& field : route.fields) {
    if (field.required) required += (required.empty() ? "" : ", ") + std::string(field.name);
    std::string schema(schema_of(field.type));
    schema.insert(schema.size() - 1, ", description: " + yaml_text(field.summary));
    properties += fmt::format("                {}: {}\n", field.name, schema);
  }
  if (!required.empty()) out += fmt::format("              required: [{}]\n", required);
  if (!properties.empty()) out += "              properties:\n" + properties;
  return out;
}

std::string operation(const Route& route) {
  std::string out = fmt::format("    {}:\n      operationId: {}\n      summary: {}\n", lower(to_string(route.method)),
                                route.id, yaml_text(route.summary));
  out += parameters(route) + body(route);
  const std::string schema = route.answer_type == "application/json" ? "{type: object}" : "{type: string}";
  out += fmt::format(
      "      responses:\n        \"{}\":\n          description: {}\n          content:\n            {}:\n"
      "              schema: {}\n",
      route.success, yaml_text(route.answer), route.answer_type, schema);
  out += "        default: {$ref: \"#/components/responses/Problem\"}\n";
  return out;
}

constexpr std::string_view components = R"yaml(components:
  parameters:
    IdempotencyKey:
      name: Idempotency-Key
      in: header
      required: false
      description: "1 to 64 printable ASCII characters; the same key with the same body gets the same answer"
      schema: {type: string, minLength: 1, maxLength: 64}
    LastEventID:
      name: Last-Event-ID
      in: header
      required: false
      description: "The last event already seen; only later ones are sent"
      schema: {type: string}
    BelaySignature:
      name: Belay-Signature
      in: header
      required: false
      description: "The text of the .sig file in base64"
      schema: {type: string}
  responses:
    Problem:
      description: "What went wrong and what to do about it (RFC 9457)"
      content:
        application/problem+json:
          schema:
            type: object
            required: [type, title, status, detail, kind]
            properties:
              type: {type: string}
              title: {type: string}
              status: {type: integer}
              detail: {type: string, description: "What happened, to what, where"}
              next: {type: string, description: "What to do about it"}
              kind: {type: string, enum: [invalid, refused, not-found, conflict, unreachable, timeout, unknown-outcome, integrity, io, cancelled, internal]}
              place:
                type: object
                properties: {file: {type: string}, line: {type: integer}, column: {type: integer}}
)yaml";

}  // namespace

std::string openapi_yaml(const std::string& version) {
  std::string out = fmt::format(
      "# Made from daemon/api/route_table.cpp by the target `openapi`; do not edit.\nopenapi: 3.1.0\ninfo:\n"
      "  title: Belay\n  version: {}\n  summary: HTTP/1.1 over a Unix socket; the kernel says who is connected.\n"
      "servers:\n"
      "  - {{url: \"http://belay\", description: \"the Unix socket of belayd\"}}\npaths:\n",
      yaml_text(version));
  // Paths in the order of the table, each with all its methods.
  std::vector<std::string_view> seen;
  for (const Route& first : routes()) {
    if (std::ranges::find(seen, first.path) != seen.end()) continue;
    seen.push_back(first.path);
    out += fmt::format("  {}:\n", first.path);
    for (const Route& route : routes()) {
      if (route.path == first.path) out += operation(route);
    }
  }
  return out + std::string(components);
}

}  // namespace belay::api
