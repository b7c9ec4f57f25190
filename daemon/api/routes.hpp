// The route table: every door of the API, in one list. What is not in it does not exist; what does not say who may use
// it is refused. docs/openapi.yaml is made from it (openapi.hpp), and a test walks it.
//
// Constant data; safe from every thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/context.hpp"
#include "daemon/api/http.hpp"

namespace belay::api {

// Who may use a route. Roles come on top of this list; a route without an entry is closed.
enum class Grant : std::uint8_t {
  nobody,  // the default: a forgotten entry is a closed door
  peer,    // whoever the socket's owner, group and mode let in; the kernel names them
};

enum class Takes : std::uint8_t { nothing, json, stream };

enum class Type : std::uint8_t { text, number, boolean, texts, map };

// A query value or a member of a JSON body.
struct Field {
  std::string_view name;
  std::string_view summary;
  bool required = false;
  Type type = Type::text;
};

struct Route {
  Method method = Method::get;
  std::string_view path = {};     // "/v1/runs/{id}"
  std::string_view id = {};       // operationId
  std::string_view summary = {};  // one sentence
  Grant grant = Grant::nobody;
  Takes takes = Takes::nothing;
  std::span<const Field> query = {};
  std::span<const Field> fields = {};  // of the JSON body
  int success = 200;
  std::string_view answer = {};  // one sentence: what comes back
  std::string_view answer_type = "application/json";
  Awaitable<Response> (*handle)(const Request&, ApiContext&) = nullptr;
};

[[nodiscard]] std::span<const Route> routes();

struct Match {
  const Route* route = nullptr;  // null: no such path, or not with this method
  std::map<std::string, std::string> params;
  std::vector<std::string_view> allowed;  // methods the path does have; empty: no such path
};

// `path` is split at '/' while still encoded, then each part is decoded: a %2F never makes a new part.
[[nodiscard]] Match match(std::string_view method, std::string_view path);

}  // namespace belay::api
