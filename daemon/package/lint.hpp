// The lint: everything that can be said about a package before anybody plans it, each with file:line:column, rule and
// what to do. Used by `belay lint`, by the daemon on submit, and by gates that ask for KY-notes, KY-package, KY-1 and
// KY-2.
//
// Rules: schema (form), KY-notes, KY-package, KY-1, KY-2 (controls), step-name, action, parameter, variable,
// shell-splice, opaque, irreversible, payload-missing, payload-unused, argv, serial, mode, ignored. Levels: an error
// refuses, a warning is for people. Reads files, writes nothing. One thread at a time.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/finding.hpp"
#include "daemon/package/format.hpp"
#include "daemon/package/package.hpp"

namespace belay::package {

// Action → the JSON Schema of its parameters, with x-belay annotations, as text: what the plugins directory offers. An
// empty catalogue leaves actions and parameters unchecked (and says so once, as a warning).
using Catalogue = std::map<std::string, std::string>;

// Variables that every plan has without declaring them: what run, where.
[[nodiscard]] const std::set<std::string>& builtin_variables();

// A directory of a package in the making, or a package file. The places name real files below a directory, and
// "FILE:release.yaml" inside a package. Kind::not_found and Kind::io when it cannot be read; a package file that
// Package::open() refuses gives one finding.
[[nodiscard]] Result<Findings> lint(const std::filesystem::path& directory_or_file, const Catalogue& catalogue);

// The same for an open package; `name` goes in front of the places.
[[nodiscard]] Result<Findings> lint(const Package& package, const std::string& name, const Catalogue& catalogue);

}  // namespace belay::package
