// Release: what release.yaml says about a package, for people, approvers and auditors (controls KY-notes, KY-package,
// KY-1, KY-2).
//
// Plain values. A Release is only made from a file that passed playbooks/schema/release.schema.json, but may still lack
// what the policies ask for: that is a finding of the lint, which also has its place.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay {

// A release unit: a part that is noted and installed as one. `items` are payload paths ("files/app.jar"), directories
// ("files/portal/") or globs ("files/sql/*.sql"; * stays within a directory, ** goes below).
struct ReleaseUnit {
  std::string name;
  std::string kind;  // code, stored-procedure, report, configuration, database, data, documentation, or x-…
  std::vector<std::string> items;
  std::string notes;  // KY-notes: instructions for this unit
  Place place;
  Place items_place;
};

struct Release {
  std::string application;
  std::string version;
  std::string summary;
  std::vector<ReleaseUnit> units;
  std::vector<std::string> changes;  // KY-1: all changes
  // KY-1: nullopt when the file does not say; empty when it says "none".
  std::optional<std::vector<std::string>> secondary;     // dependencies.secondary
  std::optional<std::vector<std::string>> interactions;  // dependencies.interactions
  std::optional<std::string> sbom;  // a payload path of an SPDX or CycloneDX document; can stand for `secondary`
  std::string install;              // KY-2: installation instructions
  std::string rollback;             // KY-2: rollback strategy
  std::vector<std::string> contacts;
  std::map<std::string, std::string> modes;  // payload path → declared mode, four octal digits ("4755")
  Place place;
};

}  // namespace belay
