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

}  // namespace

std::vector<Problem> problems_of(const std::map<std::string, std::string>& facts, std::uint64_t payload_bytes) {
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
  return out;
}

GuaranteeClass guarantee(const std::map<std::string, std::string>& facts) {
  std::string why;
  const auto lacks = [&](const char* tool, const char* what) {
    if (absent(facts, tool)) why += fmt::format("{}no {}: {} cannot be kept", why.empty() ? "" : "; ", tool, what);
  };
  lacks("getfacl", "ACLs");
  lacks("getfattr", "extended attributes");
  if (fact(facts, "tar") != "gnu")
    why += fmt::format("{}tar is not GNU tar: sparse files and attributes cannot be kept", why.empty() ? "" : "; ");
  if (!why.empty()) return {"C", why};
  return {"B", "without a boot hook, a host that reboots in mid-step is put back when the daemon reaches it again"};
}

}  // namespace belay::engine
