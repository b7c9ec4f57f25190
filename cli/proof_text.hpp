// Proof, diff, check and guard documents (docs/api.md) as text for people. Pure; every byte is safe to print.
#pragma once

#include <string>

#include "cli/text.hpp"
#include "cli/view.hpp"

namespace belay::cli {

// Per host and step: both manifest digests, equal or not, every difference by name.
[[nodiscard]] std::string proof_text(const Json& proof, const Paint& paint);
// Per host: what differs from the baseline, or from the other environment.
[[nodiscard]] std::string diff_text(const Json& diff, const Paint& paint);
// Per host: reachable, guarantee class, room, and each problem with its way out.
[[nodiscard]] std::string check_text(const Json& check, const Paint& paint);
// What stands of a host's boot hook, and the class that the host has with it.
[[nodiscard]] std::string guard_text(const Json& guard);

}  // namespace belay::cli
