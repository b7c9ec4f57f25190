// What a package holds, for people and for programs. Pure; every byte of the text is safe to print.
#pragma once

#include <string>

#include "cli/text.hpp"
#include "cli/view.hpp"
#include "daemon/package/package.hpp"

namespace belay::cli {

[[nodiscard]] std::string package_text(const package::Package& package, const Paint& paint);
[[nodiscard]] Json package_json(const package::Package& package);

}  // namespace belay::cli
