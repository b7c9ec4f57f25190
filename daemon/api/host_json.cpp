#include "daemon/api/host_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/api/base64.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/model/template.hpp"

namespace belay::api {
namespace {

constexpr std::array key_types{"ssh-ed25519",
                               "ecdsa-sha2-nistp256",
                               "ecdsa-sha2-nistp384",
                               "ecdsa-sha2-nistp521",
                               "ssh-rsa",
                               "sk-ssh-ed25519@openssh.com",
                               "sk-ecdsa-sha2-nistp256@openssh.com"};

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

Result<void> check_host_key(const std::string& line) {
  const auto refuse = [&line] {
    return fail(Kind::invalid, fmt::format("'{}' is no host key", show(line).substr(0, 60)),
                "Give the type and the key as `belay host scan-key` prints them, without a comment.");
  };
  constexpr std::string_view authority = "cert-authority ";
  const std::string_view key = line.starts_with(authority) ? std::string_view(line).substr(authority.size()) : line;
  const std::size_t blank = key.find(' ');
  if (blank == std::string_view::npos) return refuse();
  const std::string_view type = key.substr(0, blank);
  if (std::ranges::find(key_types, type) == key_types.end()) return refuse();
  const auto blob = key.size() > 16384 ? std::nullopt : decode_base64(key.substr(blank + 1));
  // The blob begins with its own type, four bytes of length in front.
  if (!blob || blob->size() < 4 + type.size() + 4 || blob->substr(4, type.size()) != type ||
      static_cast<unsigned char>((*blob)[3]) != type.size()) {
    return refuse();
  }
  return {};
}

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
