#include "daemon/api/routes.hpp"

#include "daemon/api/target.hpp"

namespace belay::api {
namespace {

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  if (path.empty() || path.front() != '/') return parts;
  std::size_t begin = 1;
  for (;;) {
    const std::size_t end = path.find('/', begin);
    parts.push_back(path.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

bool fits(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& parts,
          std::map<std::string, std::string>& params) {
  if (pattern.size() != parts.size()) return false;
  params.clear();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto decoded = decode_part(parts[i]);
    if (!decoded || decoded->empty()) return false;
    if (pattern[i].starts_with('{')) {
      params.emplace(pattern[i].substr(1, pattern[i].size() - 2), *decoded);
    } else if (pattern[i] != *decoded) {
      return false;
    }
  }
  return true;
}

}  // namespace

Match match(std::string_view method, std::string_view path) {
  Match found;
  const auto parts = parts_of(path);
  std::map<std::string, std::string> params;
  for (const Route& route : routes()) {
    if (!fits(parts_of(route.path), parts, params)) continue;
    found.allowed.push_back(to_string(route.method));
    if (to_string(route.method) == method) {
      found.route = &route;
      found.params = params;
    }
  }
  return found;
}

}  // namespace belay::api
