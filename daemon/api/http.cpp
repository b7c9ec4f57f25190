#include "daemon/api/http.hpp"

namespace belay::api {
namespace {

const std::string& in(const std::map<std::string, std::string>& map, const std::string& name) {
  static const std::string none;
  const auto found = map.find(name);
  return found == map.end() ? none : found->second;
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
  }
  return "GET";
}

const std::string& Request::param(const std::string& name) const { return in(params, name); }
const std::string& Request::arg(const std::string& name) const { return in(query, name); }

std::string Request::text(const std::string& name) const {
  const auto found = json.find(name);
  return found == json.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

}  // namespace belay::api
