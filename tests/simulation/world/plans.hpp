// Plans for the simulated world.
#pragma once

#include <cstdint>

#include "daemon/model/plan.hpp"

namespace belay::sim {

// `hosts` hosts ("h1", …) with `steps` steps ("s1", …), all in one batch, nothing skipped, no retries.
[[nodiscard]] Plan plain_plan(std::size_t hosts, std::size_t steps);

// 1–3 hosts, 1–4 steps, with batches, retries, steps that run once, registered results and conditions on them.
[[nodiscard]] Plan random_plan(std::uint64_t seed);

}  // namespace belay::sim
