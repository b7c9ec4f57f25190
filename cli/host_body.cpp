#include "cli/host_body.hpp"

namespace belay::cli {

Json host_body(const Host& host) {
  Json body{{"environment", host.environment}, {"address", host.address},     {"port", host.port},
            {"groups", host.groups},           {"host_keys", host.host_keys}, {"vars", host.vars}};
  if (!host.user.empty()) body["user"] = host.user;
  if (!host.base.empty()) body["base"] = host.base;
  if (!host.transport.empty()) body["transport"] = host.transport;
  return body;
}

}  // namespace belay::cli
