// The actions and resources of a plugins directory, checked, and the kit: the one tar of all of them that travels to
// hosts.
//
// Read once at start; afterwards a Catalogue never changes and may be read from every thread. The kit's digest is part
// of every plan, so a changed script is a changed plan. Nothing of a plugin runs inside the daemon.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "daemon/base/digest.hpp"
#include "daemon/base/error.hpp"
#include "daemon/model/value.hpp"

namespace belay::plugin {

// One resource an action touches: its name and parameters, each a constant or `$name` of the action's parameter. A rule
// that cannot give the resource a parameter it requires gives no touch; a list gives one touch per element.
struct TouchRule {
  std::string resource;
  std::map<std::string, std::string> params;
  Place place;  // in action.yaml
};

struct ActionInfo {
  std::string name;
  std::string summary;
  Value schema;  // JSON Schema of the parameters
  // parameter (a list: its elements) → x-belay: payload-file, payload-tree, template, content, argv, duration, path
  std::map<std::string, std::string> kinds;
  std::vector<TouchRule> touches;
  std::string way_back;     // snapshot | undo | none
  bool has_plan = false;    // plan.sh: without it the action is opaque
  bool has_verify = false;  // verify.sh
  std::vector<std::string> needs;
};

struct ResourceInfo {
  std::string name;
  std::string summary;
  std::vector<std::string> required;  // parameters it cannot do without
  std::vector<std::string> needs;
};

class Catalogue {
 public:
  // Reads `directory`/{action,resource}/*/ and `directory`/kit. Kind::invalid with file:line:column for a plugin that
  // is not of the documented form (docs/plugins.md), Kind::io when something cannot be read.
  static Result<Catalogue> read(const std::filesystem::path& directory);

  // Null when there is none.
  [[nodiscard]] const ActionInfo* action(const std::string& name) const;
  [[nodiscard]] const ResourceInfo* resource(const std::string& name) const;
  [[nodiscard]] const std::map<std::string, ActionInfo>& actions() const { return actions_; }

  // The kit as it travels, and its name. The two commands are the constant texts of docs/host-protocol.md.
  [[nodiscard]] const std::string& kit() const { return kit_; }
  [[nodiscard]] const Digest& kit_digest() const { return kit_digest_; }
  [[nodiscard]] const std::string& leash_command() const { return leash_command_; }
  [[nodiscard]] const std::string& install_command() const { return install_command_; }

 private:
  std::map<std::string, ActionInfo> actions_;
  std::map<std::string, ResourceInfo> resources_;
  std::string kit_;
  Digest kit_digest_;
  std::string leash_command_;
  std::string install_command_;
};

}  // namespace belay::plugin
