// The two ways in which a test of real processes may spend time. Any thread.
#pragma once

#include <chrono>
#include <functional>

namespace belay::test {

// Asks until it is true, for at most half a minute; whether it came.
[[nodiscard]] bool came_true(const std::function<bool()>& condition);

// Lets a process run for a while before it is killed: the instant is the test's input, nothing is expected of it.
void let_run(std::chrono::microseconds time);

}  // namespace belay::test
