#include "daemon/api/host_json.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/base/escape.hpp"
#include "daemon/model/host_key.hpp"
#include "daemon/model/template.hpp"

namespace belay::api {
namespace {

std::string text_in(const nlohmann::json& json, const char* name) { return json.value(name, std::string()); }

std::vector<std::string> texts_in(const nlohmann::json& json, const char* name) {
  return json.value(name, std::vector<std::string>());
}

Result<void> check(const Host& host) {
  if (!valid_name(host.name)) {
    return fail(Kind::invalid, fmt::format("'{}' cannot be a host's name", show(host.name)),
                "Use letters, digits, '.', '_' and '-', at most 64, beginning with a letter or digit.");
  }
  if (!valid_address(host.address)) {
    return fail(Kind::invalid, fmt::format("'{}' is no host name and no IP address", show(host.address)));
  }
  if (!host.user.empty() && !valid_name(host.user)) {
    return fail(Kind::invalid, fmt::format("'{}' cannot be an SSH user", show(host.user)));
  }
  if (!host.base.empty() && !valid_path(host.base)) {
    return fail(Kind::invalid, fmt::format("'{}' cannot be Belay's directory", show(host.base)),
                "Give an absolute path of letters, digits and '/._-'.");
  }
  if (!host.transport.empty() && host.transport != "ssh" && host.transport != "openssh" && host.transport != "local") {
    return fail(Kind::invalid, fmt::format("there is no transport '{}'", show(host.transport)),
                "Say ssh, openssh or local.");
  }
  for (const std::string& group : host.groups) {
    if (!valid_name(group)) return fail(Kind::invalid, fmt::format("'{}' cannot be a group's name", show(group)));
  }
  for (const auto& [name, value] : host.vars) {
    if (!is_variable_name(name))
      return fail(Kind::invalid, fmt::format("'{}' cannot be a variable's name", show(name)));
  }
  std::vector<std::string> types;
  for (const std::string& key : host.host_keys) {
    BELAY_TRYV(check_host_key(key));
    const std::string type = key.substr(0, key.rfind(' '));
    if (std::ranges::find(types, type) != types.end()) {
      return fail(Kind::invalid, fmt::format("two host keys of type {}", type), "Pin one key per type.");
    }
    types.push_back(type);
  }
  return {};
}

}  // namespace

Result<Host> host_from(const std::string& name, const nlohmann::json& json,
                       const std::vector<Environment>& environments) {
  Host host;
  host.name = name;
  host.environment = text_in(json, "environment");
  host.address = text_in(json, "address");
  host.user = text_in(json, "user");
  host.base = text_in(json, "base");
  host.transport = text_in(json, "transport");
  host.groups = texts_in(json, "groups");
  host.host_keys = texts_in(json, "host_keys");
  host.vars = json.value("vars", std::map<std::string, std::string>());
  const std::uint64_t port = json.value("port", std::uint64_t{22});
  if (port < 1 || port > 65535) return fail(Kind::invalid, fmt::format("{} is no TCP port", port), "Say 1 to 65535.");
  host.port = static_cast<std::uint16_t>(port);
  if (std::ranges::find(environments, host.environment, &Environment::name) == environments.end()) {
    return fail(Kind::not_found, fmt::format("there is no environment '{}'", show(host.environment)),
                "`belay env list` shows them; environments.yaml says what they are.");
  }
  BELAY_TRYV(check(host));
  return host;
}

Json document(const Host& host) {
  return {{"name", host.name},           {"environment", host.environment},
          {"address", host.address},     {"port", host.port},
          {"user", host.user},           {"base", host.base},
          {"transport", host.transport}, {"groups", host.groups},
          {"host_keys", host.host_keys}, {"vars", host.vars}};
}

}  // namespace belay::api
