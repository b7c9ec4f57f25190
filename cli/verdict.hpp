// The block at the end of a run, for a tired operator: what happened, where, what Belay did, what to do next, readable
// in five seconds. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/progress.hpp"
#include "cli/view.hpp"

namespace belay::cli {

// Lines for a run that has ended; `view.next` wins over the advice that is derived from the exit code.
[[nodiscard]] std::vector<std::string> verdict(const RunView& view, const Canvas& canvas);

}  // namespace belay::cli
