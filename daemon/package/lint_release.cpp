#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "daemon/base/escape.hpp"
#include "daemon/package/lint_parts.hpp"

namespace belay::package {
namespace {

void lint_unit(const ReleaseUnit& unit, const Material& material, std::set<std::string>& used, Report& report) {
  const std::string name = "the unit \"" + show(unit.name) + "\"";
  if (unit.notes.empty()) {
    report.error("KY-notes", unit.place, name + " has no notes",
                 "Add notes: what people must know or do for this unit.");
  }
  if (unit.items.empty()) {
    report.error("KY-package", unit.place, name + " names no configuration items",
                 "Add items: the payload paths that belong to it.");
  }
  for (const auto& item : unit.items) {
    const auto found = resolve(item, material.members);
    used.insert(found.begin(), found.end());
    if (!found.empty()) continue;
    report.error("payload-missing", unit.items_place,
                 fmt::format("{} names \"{}\", but the payload has no such file", name, show(item)),
                 "Add the file under files/, or correct the path.");
  }
}

}  // namespace

void lint_release(const Release& release, const Material& material, std::set<std::string>& used, Report& report) {
  const Place& place = release.place;
  if (release.summary.empty()) {
    report.warning("KY-notes", place, "there is no summary", "Add one or two sentences for the people who approve.");
  }
  if (release.units.empty()) {
    report.error("KY-notes", place, "there are no release units, so there are no release notes per unit",
                 "Add units, each with a name, a kind, its items and notes.");
  }
  std::set<std::string> names;
  for (const auto& unit : release.units) {
    lint_unit(unit, material, used, report);
    if (!names.insert(unit.name).second) {
      report.error("KY-package", unit.place, fmt::format("two units are named \"{}\"", show(unit.name)), "Rename one.");
    }
  }
  if (release.changes.empty()) {
    report.error("KY-1", place, "the changes of this release are not listed", "Add changes, one entry per change.");
  }
  if (!release.secondary && !release.sbom) {
    report.error("KY-1", place, "the secondary dependencies are not stated",
                 "Add dependencies.secondary (a list, or none), or an SPDX or CycloneDX document as sbom.");
  }
  if (!release.interactions) {
    report.error("KY-1", place, "the interactions with other systems are not stated",
                 "Add dependencies.interactions (a list, or none).");
  }
  if (release.sbom) {
    const auto found = resolve(*release.sbom, material.members);
    used.insert(found.begin(), found.end());
    if (found.empty()) {
      report.error("payload-missing", place,
                   fmt::format("sbom names \"{}\", but the payload has no such file", show(*release.sbom)),
                   "Add the file under files/, or correct the path.");
    }
  }
  if (release.install.empty()) {
    report.error("KY-2", place, "there are no installation instructions",
                 "Add install: what people do by hand, or that nothing is.");
  }
  if (release.rollback.empty()) {
    report.error("KY-2", place, "there is no rollback strategy", "Add rollback: how this release is taken back.");
  }
  if (release.contacts.empty()) {
    report.warning("KY-notes", place, "there are no contacts", "Add contacts: whom to call about this release.");
  }
}

}  // namespace belay::package
