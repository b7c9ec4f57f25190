// Reads release.yaml and playbook.yaml: guarded YAML, then the shipped JSON Schema, then plain values of daemon/model.
//
// The first mistake is the Error, with its place; the lint uses the two-step form to report all of them. Pure; the
// schemas are compiled once and shared by all threads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/finding.hpp"
#include "daemon/model/playbook.hpp"
#include "daemon/model/release.hpp"
#include "daemon/package/format.hpp"

namespace belay::package {

// `file` is only used in places. Kind::invalid.
[[nodiscard]] Result<Release> read_release(std::string_view text, const std::string& file);
[[nodiscard]] Result<Playbook> read_playbook(std::string_view text, const std::string& file);

// Everything that is wrong with the form of a text; when nothing is, read_…() succeeds.
[[nodiscard]] Findings check_release(std::string_view text, const std::string& file);
[[nodiscard]] Findings check_playbook(std::string_view text, const std::string& file);

// The keys of a step that are no action.
[[nodiscard]] const std::vector<std::string>& step_keys();

// What holds between the two files and the members: the same application, and every mode that is neither 0644 nor 0755
// (nor 0777 of a link) declared under `modes`, exactly. Kind::invalid.
[[nodiscard]] Result<void> check_together(const Release& release, const Playbook& playbook,
                                          const std::vector<Member>& members);

// The texts of the shipped schemas, as in playbooks/schema.
[[nodiscard]] std::string_view release_schema_text();
[[nodiscard]] std::string_view playbook_schema_text();

}  // namespace belay::package
