// Manifests: what stands at the touched resources of a step, line by line, as the host reported it
// (plugins/kit/README.md).
//
// A manifest from a host is hostile input: reading it checks every line and never trusts a length or an order. Two
// states are equal when their lines are equal byte for byte; the columns only serve to say in words what differs. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay {

struct ManifestLine {
  std::string text;  // the whole line
  std::string path;  // encoded path, or the key of a `=` line
};

// The lines under one `# <index> <resource> <key>` header.
struct ManifestPart {
  int index = 0;
  std::string resource;
  std::string key;  // encoded: the path of a `path`, the name of a `service`
  std::vector<ManifestLine> lines;
};

struct Manifest {
  std::vector<ManifestPart> parts;
};

// Kind::integrity when a line is not of the documented form, or when a part or an entry of a part comes twice.
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view text);

// A step's state before it ran and now.
struct StepStates {
  int step = 0;
  Manifest before;
  Manifest now;
};

struct Difference {
  int step = 0;
  std::string path;  // encoded
  std::string what;  // "mode is 0644, was 0600", "is there, was not", …
};

// Differences between what stood before the steps and what stands now. Steps come in the order they ran: where two of
// them (or two resources of one) cover the same path, only the earlier one's `before` is the state to return to, so
// later ones are not compared there; the time of a directory above such a path is not compared either, because putting
// the path back moves it.
[[nodiscard]] std::vector<Difference> differences(const std::vector<StepStates>& steps);

// Differences between two manifests of one step, each line compared.
[[nodiscard]] std::vector<Difference> differences(int step, const Manifest& before, const Manifest& now);

}  // namespace belay
