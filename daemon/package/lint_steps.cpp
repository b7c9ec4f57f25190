#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "daemon/base/escape.hpp"
#include "daemon/model/template.hpp"
#include "daemon/model/words.hpp"
#include "daemon/package/lint_parts.hpp"
#include "daemon/package/texts.hpp"
#include "daemon/wire/schema.hpp"

namespace belay::package {
namespace {

using wire::Schema;

// The program that a word names: "/bin/sh" → "sh".
std::string_view program(std::string_view word) {
  const auto slash = word.rfind('/');
  return slash == word.npos ? word : word.substr(slash + 1);
}

bool is_shell(std::string_view word) {
  constexpr std::array<std::string_view, 10> shells = {"sh",   "bash", "dash",  "ash", "ksh",
                                                       "mksh", "zsh",  "rbash", "su",  "runuser"};
  return std::ranges::find(shells, program(word)) != shells.end();
}

// "-c", "-ec", "-lc", "--command": the next word is a program for the shell.
bool takes_script(std::string_view word) {
  if (word == "--command") return true;
  return word.size() >= 2 && word[0] == '-' && word[1] != '-' && word.find('c') != word.npos &&
         word.find_first_not_of("abcefghiklmnoprstuvxCEHPT", 1) == word.npos;
}

class StepLint {
 public:
  StepLint(const StepSpec& step, const Playbook& playbook, const Material& material, PayloadUse& payload,
           Report& report)
      : step_(step), playbook_(playbook), material_(material), payload_(payload), report_(report) {}

  // `schema` is null when the catalogue is empty.
  void run(const Schema* schema) {
    if (schema != nullptr) {
      std::set<std::pair<int, int>> open;  // values that a variable completes: known only when a plan is made
      templated(step_.params, open);
      for (Finding finding : schema->check(step_.params)) {
        if (open.contains({finding.place.line, finding.place.column})) continue;
        finding.rule = "parameter";
        if (finding.place.line == 0) finding.place = step_.action_place;
        finding.message = fmt::format("{}: {}", show(step_.action), finding.message);
        report_.add({std::move(finding)});
      }
    }
    variables(step_.params);
    if (step_.undo) variables(*step_.undo);
    if (step_.verify) variables(*step_.verify);
    for (const auto& path : step_.touches.value_or(std::vector<std::string>{})) text_variables(path, step_.place);
    if (step_.undo) command_line(*step_.undo);
    if (step_.verify) command_line(*step_.verify);
    for (const auto& entry : step_.params.is_map() ? *step_.params.map() : Value::Map{}) {
      parameter(entry.key, entry.value, schema == nullptr ? "" : schema->annotation(entry.key, "x-belay"));
    }
    way_back();
  }

 private:
  static void templated(const Value& value, std::set<std::pair<int, int>>& places) {
    const std::string* text = value.text();
    if (text != nullptr && text->contains("{{")) places.emplace(value.place.line, value.place.column);
    for (const Value& item : value.is_list() ? *value.list() : Value::List{}) templated(item, places);
    for (const auto& entry : value.is_map() ? *value.map() : Value::Map{}) templated(entry.value, places);
  }

  void parameter(const std::string& name, const Value& value, const std::string& kind) {
    const bool counted = step_.undo && name == "undo";  // was looked at as the step's own
    if (kind == "argv" && !counted) command_line(value);
    if (kind == "payload-file" || kind == "payload-tree" || kind == "template") payload(value, kind);
  }

  void variables(const Value& value) {
    if (const std::string* text = value.text()) text_variables(*text, value.place);
    for (const Value& item : value.is_list() ? *value.list() : Value::List{}) variables(item);
    for (const auto& entry : value.is_map() ? *value.map() : Value::Map{}) variables(entry.value);
  }

  void text_variables(const std::string& text, const Place& place) {
    auto uses = template_uses(text, place.line == 0 ? step_.place : place);
    if (!uses)
      return report_.error("variable", step_.place.line == 0 ? place : *uses.error().place, uses.error().what,
                           uses.error().next);
    for (const auto& use : *uses) {
      if (playbook_.vars.contains(use.name) || builtin_variables().contains(use.name)) continue;
      report_.error("variable", use.place, fmt::format("the variable \"{}\" is not declared", use.name),
                    "Declare it under vars, or correct the name.");
    }
  }

  // A variable inside a shell's program is spliced into code; as an argument after it, it is data.
  void command_line(const Value& argv) {
    auto words = words_of(argv);
    if (!words) return report_.error("argv", argv.place, words.error().what, words.error().next);
    bool shell = false;
    for (std::size_t i = 0; i < words->size(); ++i) {
      const auto& word = (*words)[i];
      shell = shell || is_shell(word);
      if (!shell || !takes_script(word) || i + 1 == words->size()) continue;
      if ((*words)[i + 1].find("{{") != std::string::npos) {
        report_.error("shell-splice", argv.place,
                      fmt::format("a variable is spliced into the program of \"{}\", where its value becomes code",
                                  show(program((*words)[i > 0 ? i - 1 : 0]))),
                      "Pass it as an argument: sh -c '… \"$1\" …' sh \"{{ name }}\".");
      }
      ++i;
    }
  }

  // The reference with each {{ name }} as a wildcard: what it may be in some environment.
  static std::string as_glob(std::string_view reference) {
    auto glob = render(reference, [](std::string_view) { return std::optional<std::string>("*"); });
    return glob ? *glob : std::string(reference);
  }

  void payload(const Value& value, const std::string& kind) {
    const std::string* reference = value.text();
    if (reference == nullptr) return;  // the schema has said so
    const std::string glob = as_glob(*reference);
    if (!glob.starts_with("files/") && glob != payload_root) {
      return report_.error("payload-missing", value.place,
                           fmt::format("\"{}\" is no payload path: those begin with files/", show(*reference)),
                           "Name a file of the package.");
    }
    std::vector<std::string> found = resolve(glob, material_.members);
    const bool whole_tree = kind == "payload-tree";
    if (!whole_tree) {
      std::erase_if(found, [&](const std::string& path) {
        return std::ranges::count(path, '/') != std::ranges::count(glob, '/');
      });
    }
    const bool directory =
        whole_tree && std::ranges::any_of(material_.members, [&](const Member& member) {
          return member.type == MemberType::directory && (member.path == glob || member.path + "/" == glob);
        });
    if (found.empty() && !directory) {
      return report_.error(
          "payload-missing", value.place,
          fmt::format("the payload has no {} \"{}\"", whole_tree ? "directory" : "file", show(*reference)),
          "Add it under files/, or correct the path.");
    }
    payload_.used.insert(found.begin(), found.end());
    if (kind == "template") payload_.templates.insert(found.begin(), found.end());
  }

  void way_back() {
    if (step_.action == "command" && !step_.touches && !step_.undo) {
      const std::string what = fmt::format(
          "the step \"{}\" is opaque and irreversible: nobody can know what it changes, and nothing takes it back",
          show(step_.name));
      const std::string next =
          "Say what it touches (touches: [paths], or [] for nothing), or how it is undone (undo: …); or mark it "
          "irreversible: true.";
      if (step_.irreversible)
        return report_.warning("opaque", step_.action_place, what, "Approvers must agree to that.");
      return report_.error("opaque", step_.action_place, what, next);
    }
    if (step_.irreversible) {
      report_.warning("irreversible", step_.place, fmt::format("the step \"{}\" is irreversible", show(step_.name)),
                      "Approvers must agree to that.");
    }
  }

  const StepSpec& step_;
  const Playbook& playbook_;
  const Material& material_;
  PayloadUse& payload_;
  Report& report_;
};

// Schemas of the catalogue, compiled when first used.
class Schemas {
 public:
  Schemas(const Catalogue& catalogue, Report& report) : catalogue_(catalogue), report_(report) {}

  const Schema* find(const StepSpec& step) {
    auto known = compiled_.find(step.action);
    if (known != compiled_.end()) return known->second ? &*known->second : nullptr;
    std::optional<Schema>& slot = compiled_[step.action];
    auto text = catalogue_.find(step.action);
    if (text == catalogue_.end()) {
      if (!catalogue_.empty()) unknown(step);
      return nullptr;
    }
    auto schema = Schema::compile(text->second, step.action + "/action.yaml");
    if (!schema) {
      report_.error("action", step.action_place,
                    fmt::format("the action \"{}\" cannot be used: {}", show(step.action), schema.error().what),
                    "Mend the action's folder in the plugins directory.");
      return nullptr;
    }
    slot = std::move(*schema);
    return &*slot;
  }

 private:
  void unknown(const StepSpec& step) {
    std::vector<std::string> names = step_keys();
    for (const auto& [name, unused] : catalogue_) names.push_back(name);
    const std::string near = wire::nearest(step.action, names);
    std::string actions;
    for (const auto& [name, unused] : catalogue_) actions += (actions.empty() ? "" : ", ") + name;
    report_.error("action", step.action_place, fmt::format("there is no action \"{}\"", show(step.action)),
                  near.empty() ? "Known actions: " + actions + "." : "Did you mean \"" + near + "\"?");
  }

  const Catalogue& catalogue_;
  Report& report_;
  std::map<std::string, std::optional<Schema>> compiled_;
};

void lint_serial(const Playbook& playbook, Report& report) {
  for (std::size_t i = 0; i + 1 < playbook.serial.size(); ++i) {
    if (playbook.serial[i].percent && playbook.serial[i].count == 100) {
      report.warning("serial", playbook.place, "a batch after 100% of the hosts never runs", "Put 100% last.");
    }
  }
}

}  // namespace

void lint_steps(const Playbook& playbook, const Material& material, const Catalogue& catalogue, PayloadUse& payload,
                Report& report) {
  Schemas schemas(catalogue, report);
  if (catalogue.empty()) {
    report.warning("action", playbook.place, "no actions are known, so actions and their parameters were not checked",
                   "Name the plugins directory.");
  }
  lint_serial(playbook, report);
  std::map<std::string, Place> names;
  for (const auto& step : playbook.steps) {
    const auto [first, fresh] = names.emplace(step.name, step.place);
    if (!fresh) {
      report.error(
          "step-name", step.place,
          fmt::format("two steps are named \"{}\" (the other is in line {})", show(step.name), first->second.line),
          "Rename one: logs and findings go by the name.");
    }
    StepLint(step, playbook, material, payload, report).run(schemas.find(step));
  }
}

}  // namespace belay::package
