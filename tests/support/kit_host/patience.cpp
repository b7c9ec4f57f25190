#include "tests/support/kit_host/patience.hpp"

#include <thread>

namespace belay::test {

bool came_true(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

void let_run(std::chrono::microseconds time) { std::this_thread::sleep_for(time); }

}  // namespace belay::test
