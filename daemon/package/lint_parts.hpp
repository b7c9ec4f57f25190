// What the parts of the lint share. Internal to daemon/package.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/finding.hpp"
#include "daemon/model/playbook.hpp"
#include "daemon/model/release.hpp"
#include "daemon/package/format.hpp"
#include "daemon/package/lint.hpp"

namespace belay::package {

// Everything a lint looks at.
struct Material {
  std::string prefix;  // in front of member names in places: "DIR/" or "FILE:"
  std::string release_text;
  std::string playbook_text;
  std::vector<Member> members;
  std::vector<std::string> ignored;
  // The contents of these files, those that are not too large.
  std::function<Result<std::map<std::string, std::string>>(const std::set<std::string>&)> read;
};

// Collects findings.
class Report {
 public:
  void error(std::string rule, const Place& place, std::string message, std::string next = {});
  void warning(std::string rule, const Place& place, std::string message, std::string next = {});
  void add(Findings findings);
  [[nodiscard]] Findings take() { return std::move(findings_); }

 private:
  Findings findings_;
};

// release.yaml against KY-notes, KY-package, KY-1 and KY-2. The payload that units and sbom name is added to `used`.
void lint_release(const Release& release, const Material& material, std::set<std::string>& used, Report& report);

// What lint_steps learns about the payload.
struct PayloadUse {
  std::set<std::string> used;       // paths that some step needs
  std::set<std::string> templates;  // files whose {{ name }} are replaced
};

// The steps against the catalogue, the declared variables and the payload.
void lint_steps(const Playbook& playbook, const Material& material, const Catalogue& catalogue, PayloadUse& payload,
                Report& report);

// The files and links that a reference names: a path itself, all below a directory, or what a glob matches.
[[nodiscard]] std::vector<std::string> resolve(std::string_view reference, const std::vector<Member>& members);

}  // namespace belay::package
