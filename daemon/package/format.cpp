#include "daemon/package/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "daemon/base/escape.hpp"
#include "daemon/package/paths.hpp"
#include "daemon/wire/json.hpp"

namespace belay::package {
namespace {

using Json = nlohmann::json;

std::unexpected<Error> bad_manifest(std::string why) {
  return fail(Kind::invalid, "MANIFEST.json is not as belay writes it: " + std::move(why),
              "Build the package again with belay package build.");
}

Json to_json(const Member& member) {
  Json out = {{"path", member.path}, {"mode", mode_text(member.mode)}};
  switch (member.type) {
    case MemberType::file:
      out["type"] = "file";
      out["size"] = member.size;
      out["sha256"] = member.digest.hex();
      break;
    case MemberType::directory:
      out["type"] = "directory";
      break;
    case MemberType::symlink:
      out["type"] = "symlink";
      out["target"] = member.target;
      break;
  }
  return out;
}

std::string text_at(const Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<Member> member_from(const Json& json) {
  if (!json.is_object()) return bad_manifest("a member is no object");
  Member member;
  member.path = text_at(json, "path");
  const std::string name = "\"" + show(member.path) + "\"";
  const std::string type = text_at(json, "type");
  auto mode = parse_mode(text_at(json, "mode"));
  if (!mode) return bad_manifest("the mode of " + name + " is not four octal digits");
  member.mode = *mode;
  if (type == "file") {
    auto size = json.find("size");
    if (size == json.end() || !size->is_number_unsigned()) return bad_manifest("the size of " + name + " is no number");
    member.size = size->get<std::uint64_t>();
    auto digest = Digest::parse(text_at(json, "sha256"));
    if (!digest) return bad_manifest("the sha256 of " + name + " is not 64 hex digits");
    member.digest = *digest;
  } else if (type == "directory") {
    member.type = MemberType::directory;
  } else if (type == "symlink") {
    member.type = MemberType::symlink;
    member.target = text_at(json, "target");
  } else {
    return bad_manifest(fmt::format("{} has the type \"{}\", but a package holds only files, directories and symlinks",
                                    name, show(type)));
  }
  return member;
}

Result<void> check_place(const Member& member, std::size_t index) {
  if (index < 2) {
    const std::string_view wanted = index == 0 ? release_path : playbook_path;
    if (member.path == wanted && member.type == MemberType::file && member.mode == 0644) return {};
    return bad_manifest(fmt::format("member {} must be the file {} with mode 0644", index + 1, wanted));
  }
  const bool payload = member.path == payload_root || member.path.starts_with("files/");
  if (!payload) {
    return fail(Kind::invalid, fmt::format("the member \"{}\" is outside files/", show(member.path)),
                "Only release.yaml, playbook.yaml and files/ are part of a package.");
  }
  if (member.path == payload_root && member.type != MemberType::directory) {
    return bad_manifest("files is not a directory");
  }
  if (member.type == MemberType::symlink && member.mode != 0777) return bad_manifest("a link has a mode");
  return {};
}

std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

std::unexpected<Error> too_many(const Limits& limits) {
  return fail(Kind::refused, fmt::format("the package has too many members, at most {} are allowed", limits.members),
              "Pack many small files into one archive that a step unpacks.");
}

// How often `part` is in `text`.
std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

}  // namespace

Result<std::string> manifest_text(const std::vector<Member>& members) {
  Json list = Json::array();
  for (const Member& member : members) list.push_back(to_json(member));
  return wire::canonical_json(Json{{"format", format_name}, {"members", std::move(list)}});
}

Result<std::vector<Member>> parse_manifest(std::string_view text, const Limits& limits) {
  // Before a tree of them is built. A name that holds these bytes has its quotes escaped, so it is not counted.
  if (count(text, "\"path\":") > limits.members) return too_many(limits);
  const wire::JsonLimits json_limits{.bytes = limits.manifest_bytes, .depth = 4, .values = 6 * limits.members + 16};
  BELAY_TRY(const Json json, wire::read_json(text, std::string(manifest_path), json_limits));
  if (!json.is_object()) return bad_manifest("it is no object");
  if (const auto format = text_at(json, "format"); format != format_name) {
    return fail(Kind::invalid,
                fmt::format("the package has the format \"{}\"; this belay reads {}", show(format), format_name),
                "Use the belay that the package was built for, or build it again.");
  }
  auto list = json.find("members");
  if (list == json.end() || !list->is_array()) return bad_manifest("it has no members");
  std::vector<Member> members;
  members.reserve(std::min(list->size(), limits.members));
  for (const Json& item : *list) {
    BELAY_TRY(members.emplace_back(), member_from(item));
  }
  BELAY_TRY(const std::string canonical, manifest_text(members));
  if (canonical != text) return bad_manifest("it has blanks, an order or keys that do not belong");
  return members;
}

Result<void> check_members(const std::vector<Member>& members, const Limits& limits) {
  if (members.size() > limits.members) return too_many(limits);
  if (members.size() < 2) return bad_manifest("release.yaml and playbook.yaml must be the first members");
  TwinFinder twins;
  std::unordered_map<std::string_view, const Member*> by_path;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Member& member = members[i];
    BELAY_TRYV(check_path(member.path));
    BELAY_TRYV(twins.add(member.path));
    BELAY_TRYV(check_place(member, i));
    if (i > 2 && !(members[i - 1].path < member.path)) {
      return bad_manifest(fmt::format("\"{}\" is not in its sorted place", show(member.path)));
    }
    const auto parent = parent_of(member.path);
    if (auto found = by_path.find(parent);
        !parent.empty() && (found == by_path.end() || found->second->type != MemberType::directory)) {
      return bad_manifest(
          fmt::format("\"{}\" lies in \"{}\", which is no directory of the package", show(member.path), show(parent)));
    }
    by_path.emplace(member.path, &member);
  }
  const LinkAt link_at = [&](std::string_view path) -> const std::string* {
    auto found = by_path.find(path);
    return found == by_path.end() || found->second->type != MemberType::symlink ? nullptr : &found->second->target;
  };
  for (const Member& member : members) {
    if (member.type == MemberType::symlink) BELAY_TRYV(check_link(member.path, member.target, link_at));
  }
  if (const auto total = total_size(members); total > limits.total) {
    return fail(
        Kind::refused,
        fmt::format("the package unpacks to {}, at most {} are allowed", size_text(total), size_text(limits.total)),
        "Raise the limit in the configuration if this is meant.");
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (members[i].size > limits.text_bytes) {
      return fail(Kind::refused, fmt::format("{} has more than {}", members[i].path, size_text(limits.text_bytes)),
                  "Move large contents into payload files.");
    }
  }
  return {};
}

std::uint64_t total_size(const std::vector<Member>& members) {
  std::uint64_t total = 0;
  for (const Member& member : members) {
    const auto room = std::numeric_limits<std::uint64_t>::max() - total;
    total += std::min(member.size, room);
  }
  return total;
}

std::string mode_text(std::uint32_t mode) { return fmt::format("{:04o}", mode & 07777U); }

Result<std::uint32_t> parse_mode(std::string_view text) {
  std::uint32_t mode = 0;
  const bool octal = text.size() == 4 && text.find_first_not_of("01234567") == text.npos;
  if (!octal) return fail(Kind::invalid, fmt::format("\"{}\" is not a mode of four octal digits", show(text)));
  for (char c : text) mode = mode * 8 + static_cast<std::uint32_t>(c - '0');
  return mode;
}

std::string size_text(std::uint64_t bytes) {
  constexpr const char* units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit < 6; ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace belay::package
