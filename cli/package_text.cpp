#include "cli/package_text.hpp"

#include <fmt/format.h>

#include "cli/table.hpp"

namespace belay::cli {
namespace {

std::string_view word(package::MemberType type) {
  switch (type) {
    case package::MemberType::file:
      return "file";
    case package::MemberType::directory:
      return "directory";
    case package::MemberType::symlink:
      return "link";
  }
  return "file";
}

std::string list(const std::vector<std::string>& texts) { return safe(fmt::format("{}", fmt::join(texts, ", "))); }

std::string list(const std::optional<std::vector<std::string>>& texts) {
  if (!texts) return "not said";
  return texts->empty() ? "none" : list(*texts);
}

}  // namespace

std::string package_text(const package::Package& package, const Paint& paint) {
  const Release& release = package.release();
  std::string out =
      pairs({{"package", package.digest().hex()},
             {"application", safe(release.application)},
             {"version", safe(release.version)},
             {"summary", safe(release.summary)},
             {"size", bytes_of(package.file_size()) + ", unpacked " + bytes_of(package::total_size(package.members()))},
             {"changes", list(release.changes)},
             {"depends on", list(release.secondary)},
             {"interacts with", list(release.interactions)},
             {"contacts", list(release.contacts)}},
            paint);
  for (const ReleaseUnit& unit : release.units) {
    out += fmt::format("\nunit {}  {}\n  items: {}\n", paint(Colour::bold, safe(unit.name)), safe(unit.kind),
                       list(unit.items));
    if (!unit.notes.empty()) out += "  notes: " + safe(unit.notes) + '\n';
  }
  const Playbook& playbook = package.playbook();
  out += '\n' + paint(Colour::bold, "steps") + '\n';
  for (std::size_t i = 0; i < playbook.steps.size(); ++i) {
    out += fmt::format("  {:>2} {}  {}\n", i + 1, safe(playbook.steps[i].name), safe(playbook.steps[i].action));
  }
  Table members({"MODE", "SIZE", "SHA-256", "PATH"});
  for (const package::Member& member : package.members()) {
    const bool file = member.type == package::MemberType::file;
    members.row({package::mode_text(member.mode), file ? std::to_string(member.size) : "-",
                 file ? member.digest.brief() : "-",
                 safe(member.path) + (member.target.empty() ? "" : " -> " + safe(member.target))});
  }
  return out + '\n' + members.text(paint);
}

Json package_json(const package::Package& package) {
  const Release& release = package.release();
  Json units = Json::array();
  for (const ReleaseUnit& unit : release.units) {
    units.push_back({{"name", unit.name}, {"kind", unit.kind}, {"items", unit.items}, {"notes", unit.notes}});
  }
  Json steps = Json::array();
  for (const auto& step : package.playbook().steps) steps.push_back({{"name", step.name}, {"action", step.action}});
  Json members = Json::array();
  for (const package::Member& member : package.members()) {
    const bool file = member.type == package::MemberType::file;
    members.push_back({{"path", member.path},
                       {"type", word(member.type)},
                       {"mode", package::mode_text(member.mode)},
                       {"size", member.size},
                       {"digest", file ? member.digest.hex() : ""},
                       {"target", member.target}});
  }
  return {{"digest", package.digest().hex()},
          {"application", release.application},
          {"version", release.version},
          {"summary", release.summary},
          {"changes", release.changes},
          {"contacts", release.contacts},
          {"units", units},
          {"steps", steps},
          {"members", members}};
}

}  // namespace belay::cli
