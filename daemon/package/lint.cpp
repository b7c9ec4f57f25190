#include "daemon/package/lint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "daemon/base/escape.hpp"
#include "daemon/model/template.hpp"
#include "daemon/package/lint_parts.hpp"
#include "daemon/package/paths.hpp"
#include "daemon/package/scan.hpp"
#include "daemon/package/texts.hpp"

namespace belay::package {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t largest_template = 4U << 20;

// Every use of a variable in the template files of the payload.
Result<void> lint_templates(const Material& material, const std::set<std::string>& paths, const Playbook& playbook,
                            Report& report) {
  BELAY_TRY(const auto texts, material.read(paths));
  for (const auto& [path, text] : texts) {
    auto uses = template_uses(text, Place{material.prefix + path, 0, 0});
    if (!uses) {
      report.error("variable", uses.error().place.value_or(Place{}), uses.error().what, uses.error().next);
      continue;
    }
    for (const auto& use : *uses) {
      if (playbook.vars.contains(use.name) || builtin_variables().contains(use.name)) continue;
      report.error("variable", use.place, fmt::format("the variable \"{}\" is not declared", use.name),
                   "Declare it under vars in playbook.yaml, or correct the name.");
    }
  }
  return {};
}

Result<Findings> lint_material(const Material& material, const Catalogue& catalogue) {
  Report report;
  const std::string release_file = material.prefix + std::string(release_path);
  const std::string playbook_file = material.prefix + std::string(playbook_path);
  Findings form = check_release(material.release_text, release_file);
  const bool release_reads = form.empty();
  report.add(std::move(form));
  form = check_playbook(material.playbook_text, playbook_file);
  const bool playbook_reads = form.empty();
  report.add(std::move(form));

  std::set<std::string> used;
  if (release_reads) {
    BELAY_TRY(const Release release, read_release(material.release_text, release_file));
    lint_release(release, material, used, report);
    if (playbook_reads) {
      BELAY_TRY(const Playbook playbook, read_playbook(material.playbook_text, playbook_file));
      if (auto fine = check_together(release, playbook, material.members); !fine) {
        report.error("mode", fine.error().place.value_or(Place{}), fine.error().what, fine.error().next);
      }
    }
  }
  if (playbook_reads) {
    BELAY_TRY(const Playbook playbook, read_playbook(material.playbook_text, playbook_file));
    PayloadUse payload;
    lint_steps(playbook, material, catalogue, payload, report);
    BELAY_TRYV(lint_templates(material, payload.templates, playbook, report));
    used.merge(payload.used);
  }
  if (release_reads && playbook_reads) {
    for (const Member& member : material.members) {
      const bool payload = member.path.starts_with("files/") && member.type != MemberType::directory;
      if (!payload || used.contains(member.path)) continue;
      report.warning("payload-unused", Place{material.prefix + member.path, 0, 0},
                     fmt::format("no step and no release unit uses \"{}\"", show(member.path)),
                     "Remove it, or name it in a step or a unit.");
    }
  }
  for (const auto& name : material.ignored) {
    report.warning("ignored", Place{material.prefix + name, 0, 0},
                   fmt::format("\"{}\" is not part of the package", show(name)),
                   "Only release.yaml, playbook.yaml and files/ are packed.");
  }
  Findings findings = report.take();
  sort(findings);
  return findings;
}

Findings one(const Error& error, const std::string& file) {
  return {Finding{Finding::Level::error, "package", error.place.value_or(Place{file, 0, 0}), error.what, error.next}};
}

Result<Findings> lint_directory(const fs::path& directory, const Catalogue& catalogue) {
  // The modes of a release that cannot be read yet do not matter: its own findings come first.
  auto text = read_text(directory, release_path);
  auto release = text ? read_release(*text, std::string(release_path)) : Result<Release>(std::unexpected(text.error()));
  auto scanned = scan(directory, release ? &*release : nullptr);
  if (!scanned) {
    if (scanned.error().kind == Kind::io || scanned.error().kind == Kind::not_found) {
      return std::unexpected(std::move(scanned.error()));
    }
    return one(scanned.error(), directory.string());
  }
  Material material{.prefix = (directory / "").string(),
                    .release_text = scanned->release_text,
                    .playbook_text = scanned->playbook_text,
                    .members = scanned->members,
                    .ignored = scanned->ignored,
                    .read = {}};
  material.read = [&](const std::set<std::string>& paths) -> Result<std::map<std::string, std::string>> {
    std::map<std::string, std::string> out;
    for (const Member& member : scanned->members) {
      if (!paths.contains(member.path) || member.type != MemberType::file || member.size > largest_template) continue;
      BELAY_TRYV(stream_file(*scanned, member, [&](std::string_view data) -> Result<void> {
        out[member.path] += data;
        return {};
      }));
    }
    return out;
  };
  return lint_material(material, catalogue);
}

}  // namespace

void Report::error(std::string rule, const Place& place, std::string message, std::string next) {
  findings_.push_back({Finding::Level::error, std::move(rule), place, std::move(message), std::move(next)});
}

void Report::warning(std::string rule, const Place& place, std::string message, std::string next) {
  findings_.push_back({Finding::Level::warning, std::move(rule), place, std::move(message), std::move(next)});
}

void Report::add(Findings findings) {
  for (auto& finding : findings) findings_.push_back(std::move(finding));
}

std::vector<std::string> resolve(std::string_view reference, const std::vector<Member>& members) {
  std::string glob(reference);
  while (glob.ends_with('/')) glob.pop_back();
  std::vector<std::string> out;
  for (const Member& member : members) {
    if (member.type == MemberType::directory) continue;
    if (glob_matches(glob, member.path) || glob_matches(glob + "/", member.path)) out.push_back(member.path);
  }
  return out;
}

const std::set<std::string>& builtin_variables() {
  static const std::set<std::string> names = {"application", "version", "environment", "tier", "host"};
  return names;
}

Result<Findings> lint(const Package& package, const std::string& name, const Catalogue& catalogue) {
  Material material{.prefix = name + ":",
                    .release_text = package.release_text(),
                    .playbook_text = package.playbook_text(),
                    .members = package.members(),
                    .ignored = {},
                    .read = {}};
  material.read = [&](const std::set<std::string>& paths) { return package.read(paths, largest_template); };
  return lint_material(material, catalogue);
}

Result<Findings> lint(const fs::path& directory_or_file, const Catalogue& catalogue) {
  std::error_code error;
  if (fs::is_directory(directory_or_file, error)) return lint_directory(directory_or_file, catalogue);
  auto package = Package::open(directory_or_file);
  if (!package) {
    if (package.error().kind == Kind::io || package.error().kind == Kind::not_found) {
      return std::unexpected(std::move(package.error()));
    }
    return one(package.error(), directory_or_file.string());
  }
  return lint(*package, directory_or_file.string(), catalogue);
}

}  // namespace belay::package
