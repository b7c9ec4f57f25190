// The tar streams that carry parameters and blobs to a host, and the `items` that a plan.sh answers with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/engine/leash.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/port/blobs.hpp"

namespace belay::engine {

// One step's files (action, touches, p/, r/) as step/NUMBER/…, a whole tar.
[[nodiscard]] Result<std::string> step_tar(const HostStep& step, const std::string& action, int number);

// All steps of a host that are not skipped, and the named blobs, streamed: memory stays flat whatever their size.
[[nodiscard]] Source stage_stream(const Plan& plan, std::size_t host, std::vector<std::string> blobs,
                                  const Blobs& store);

// One line of an `items` section. Hostile input: lines of another form are left out.
struct PlanItem {
  std::string item_class = {};  // new | changed | unchanged | removed | opaque
  std::string digest_new = {};  // hex, or "-"
  std::string digest_old = {};
  std::string path = {};  // encoded path, or words for an opaque item
};
[[nodiscard]] std::vector<PlanItem> parse_items(std::string_view text);

}  // namespace belay::engine
