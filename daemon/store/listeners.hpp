// Who wants to hear of events, and the telling. Loop thread only.
//
// A listener may subscribe and unsubscribe, itself included, while it is called: one that is gone is not called any
// more, a new one hears from the next event on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "daemon/model/event.hpp"

namespace belay::store {

class Listeners {
 public:
  std::uint64_t add(std::function<void(const Recorded&)> listener) {
    all_.emplace(++last_, std::make_shared<const std::function<void(const Recorded&)>>(std::move(listener)));
    return last_;
  }
  void remove(std::uint64_t handle) { all_.erase(handle); }
  void clear() { all_.clear(); }

  void tell(const Recorded& recorded) const {
    const std::uint64_t newest = last_;
    for (auto at = all_.begin(); at != all_.end() && at->first <= newest;) {
      const std::uint64_t handle = at->first;
      const auto listener = at->second;  // keeps it alive should it remove itself
      (*listener)(recorded);
      at = all_.upper_bound(handle);
    }
  }

 private:
  std::map<std::uint64_t, std::shared_ptr<const std::function<void(const Recorded&)>>> all_;
  std::uint64_t last_ = 0;
};

}  // namespace belay::store
