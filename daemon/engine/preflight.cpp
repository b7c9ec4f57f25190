#include "daemon/engine/preflight.hpp"

#include <fmt/format.h>

#include <charconv>

#include "daemon/base/escape.hpp"

namespace belay::engine {
namespace {

std::string fact(const std::map<std::string, std::string>& facts, const std::string& name) {
  const auto found = facts.find(name);
  return found == facts.end() ? std::string() : found->second;
}

bool absent(const std::map<std::string, std::string>& facts, const std::string& name) {
  const std::string value = fact(facts, name);
  return value.empty() || value == "no" || value == "none";
}

std::uint64_t number(const std::string& text) {
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// Why a host that has the tools cannot keep a process of ours alive after the connection; empty when it can. What a
// session leaves is in danger from logind alone; under systemd the dead-man is no part of the session.
std::string no_dead_man(const std::map<std::string, std::string>& facts) {
  const std::string ends = fact(facts, "kill_user_processes");
  const std::string way = fact(facts, "deadman");
  if (way == "systemd" || (way == "shell" && ends != "yes" && ends != "unknown")) return {};
  if (ends == "yes") return "logind ends what a session leaves behind there (KillUserProcesses)";
  if (ends == "unknown") return "it cannot be learnt there whether logind ends what a session leaves behind";
  return "there is nothing that it could run under";
}

}  // namespace

std::vector<Problem> problems_of(const std::map<std::string, std::string>& facts, std::uint64_t payload_bytes,
                                 int dead_man_seconds) {
  std::vector<Problem> out;
  for (const char* tool : {"flock", "setsid", "sha256sum", "tar"})
    if (absent(facts, tool))
      out.push_back({fmt::format("the host has no {}", tool),
                     "Install it (util-linux, coreutils and tar have them on Debian; BusyBox serves too)"});
  if (const std::string base = fact(facts, "base"); base != "ok")
    out.push_back({fmt::format("the base directory cannot be used: {}", show(base)),
                   "Give the release manager's account a directory of its own, and name it as `base`"});
  const std::uint64_t free_kib = number(fact(facts, "free_kib"));
  const std::uint64_t need_kib = 2 * (payload_bytes / 1024) + 64 * 1024;
  if (!fact(facts, "free_kib").empty() && free_kib < need_kib)
    out.push_back(
        {fmt::format("{} MiB are free below the base directory, {} MiB are needed", free_kib / 1024, need_kib / 1024),
         "Free some space, or choose another `base`"});
  // Without these two tools there is no dead-man either; that they are missing has been said.
  const bool tools = !absent(facts, "flock") && !absent(facts, "setsid");
  if (const std::string why = no_dead_man(facts); dead_man_seconds > 0 && tools && !why.empty())
    out.push_back({"the host cannot keep the dead-man's switch that the environment asks for: " + why,
                   "Let Belay work as root under systemd (`become: sudo`); or set KillUserProcesses=no, or "
                   "KillExcludeUsers with the account, in the host's logind.conf; or say `dead_man: off` for the "
                   "environment"});
  return out;
}

GuaranteeClass guarantee(const std::map<std::string, std::string>& facts, int dead_man_seconds) {
  std::string why;
  const auto lacks = [&](const char* tool, const char* what) {
    if (absent(facts, tool)) why += fmt::format("{}no {}: {} cannot be kept", why.empty() ? "" : "; ", tool, what);
  };
  lacks("getfacl", "ACLs");
  lacks("getfattr", "extended attributes");
  if (fact(facts, "tar") != "gnu")
    why += fmt::format("{}tar is not GNU tar: sparse files and attributes cannot be kept", why.empty() ? "" : "; ");
  if (!why.empty()) return {"C", why};
  if (dead_man_seconds == 0)
    return {"B",
            "the environment has no dead-man's switch (`dead_man: off`): a host that loses the daemon is put back when "
            "the daemon reaches it again"};
  if (absent(facts, "flock") || absent(facts, "setsid") || !no_dead_man(facts).empty())
    return {"B", "the host cannot keep a dead-man's switch: it is put back when the daemon reaches it again"};
  if (absent(facts, "guard"))
    return {"B",
            "without a boot hook, a host that reboots in mid-step is put back when the daemon reaches it again; `belay "
            "host guard NAME` would make it class A"};
  return {"A", "the host puts itself back, also after a reboot, when it hears no more of the daemon"};
}

}  // namespace belay::engine
