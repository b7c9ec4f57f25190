// The `when` of a step: a small expression over facts, variables and registered results.
//
//   expr  := or;  or := and ("or" and)*;  and := not ("and" not)*;  not := "not" not | cmp
//   cmp   := term (("==" | "!=" | "<" | ">" | "<=" | ">=" | "in") term)?
//   term  := name | 'text' | "text" | number | true | false | "(" expr ")" | "[" term ("," term)* "]"
//
// Everything is text; "<" and friends compare as whole numbers when both sides are, else as text. A bare name counts as
// true unless it is empty, "false", "no" or "0". Names are letters, digits, '_', '.' and '-'. A list is true unless it
// is empty; lists in lists are one list. Pure, no recursion deeper than 32.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"

namespace belay {

// What a name stands for; nullopt for a name that is not known.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

// Kind::invalid for an expression that cannot be read or that uses an unknown name; the message gives the column.
[[nodiscard]] Result<bool> evaluate(std::string_view expression, const Lookup& lookup);

// The names an expression uses. Kind::invalid when it cannot be read.
[[nodiscard]] Result<std::set<std::string>> names_in(std::string_view expression);

}  // namespace belay
