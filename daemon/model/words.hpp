// Command lines as people write them in a playbook, split into words without a shell: nothing is ever expanded.
//
// Blanks (space, tab, newline) separate words. '…' keeps everything; "…" keeps everything but \" and \\; outside quotes
// a backslash keeps the next character. `{{ name }}` is kept whole, blanks and all, so that a variable is data inside
// one word however it is spaced: split first, render after. Everything else (|, >, $, *, ;, &, #) is an ordinary
// character. Pure. Kind::invalid: an unclosed quote, a backslash at the end, or no word at all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/value.hpp"

namespace belay {

[[nodiscard]] Result<std::vector<std::string>> split_words(std::string_view line, const Place& place = {});

// The words of an `argv` parameter: text is split, a list is taken as it is (its items must be scalars).
[[nodiscard]] Result<std::vector<std::string>> words_of(const Value& argv);

}  // namespace belay
