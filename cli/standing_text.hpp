// What stands where, for a run that could not prove that every host is back: told to a tired person, with the commands
// to look at it and to go on. Pure; every byte is safe to print.
#pragma once

#include <string>

#include "cli/text.hpp"
#include "cli/view.hpp"

namespace belay::cli {

// Empty when there is nothing of that kind to tell.
[[nodiscard]] std::string standing_text(const RunView& view, const Paint& paint);

}  // namespace belay::cli
