// Man pages from the CLI11 definitions: belay(1), and one page per verb or group of verbs. Pure.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace belay::cli {

// File name ("belay-run.1") → roff. The same definitions give the same bytes.
[[nodiscard]] std::map<std::string, std::string> man_pages(const CLI::App& app);

// Completion for bash: verbs, their options, and files where a file is meant.
[[nodiscard]] std::string bash_completion(const CLI::App& app);

}  // namespace belay::cli
