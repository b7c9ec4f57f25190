// A Plan as canonical JSON: the bytes its digest is made of, and what the journal's `run-planned` names as a blob.
//
// write → read gives an equal plan. Reading refuses (Kind::integrity) what this build did not write. Bytes that are not
// UTF-8 travel encoded as encode_path does, so every parameter is total over bytes.
#pragma once

#include <string>

#include "daemon/base/error.hpp"
#include "daemon/model/plan.hpp"

namespace belay::engine {

[[nodiscard]] std::string write_plan(const Plan& plan);
[[nodiscard]] Result<Plan> read_plan(const std::string& json);

}  // namespace belay::engine
