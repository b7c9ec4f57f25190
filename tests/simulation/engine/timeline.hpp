// Timeline: virtual time. What is to happen stands in a queue; time jumps to the next entry. Entries of one instant
// happen in the order they were put in. One thread; nothing fails.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace belay::simulated {

using Millis = std::int64_t;

class Timeline {
 public:
  [[nodiscard]] Millis now() const { return now_; }
  void after(Millis delay, std::move_only_function<void()> what) {
    queue_.emplace(std::pair(now_ + delay, ++serial_), std::move(what));
  }
  // False when nothing is to happen any more.
  bool step() {
    if (queue_.empty()) return false;
    auto first = queue_.extract(queue_.begin());
    now_ = first.key().first;
    ++steps_;
    first.mapped()();
    return true;
  }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  Millis now_ = 0;
  std::uint64_t serial_ = 0;
  std::uint64_t steps_ = 0;
  std::map<std::pair<Millis, std::uint64_t>, std::move_only_function<void()>> queue_;
};

}  // namespace belay::simulated
