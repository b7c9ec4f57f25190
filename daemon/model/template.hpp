// `{{ name }}` in plans and template files: replaced by a declared variable, as data, once. There are no expressions,
// no nesting and no second pass: what a variable holds is never read again (threats H-61, Ansible CVE-2017-7481).
//
// Grammar: "{{", blanks, a name [A-Za-z_][A-Za-z0-9_]*, blanks, "}}". A literal "{{" is written {{ "{{" }}. A "{{" that
// begins neither is an error; a lone "}}" or "{" is text. Pure, total over bytes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay {

// The variable's text, or nullopt when it is not declared.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

// Replaces every use. `place` is where `text` stands; when its line is 0, `text` is a whole file named place.file and
// the error says the line and column in it. Kind::invalid: an undeclared name, or a "{{" that is no use of one.
[[nodiscard]] Result<std::string> render(std::string_view text, const Lookup& lookup, const Place& place = {});

struct TemplateUse {
  std::string name;
  Place place;
};

// Every use of a variable in `text`, in order; the same places and errors as render().
[[nodiscard]] Result<std::vector<TemplateUse>> template_uses(std::string_view text, const Place& place = {});

// A variable's name: [A-Za-z_][A-Za-z0-9_]*.
[[nodiscard]] bool is_variable_name(std::string_view name);

}  // namespace belay
