// The two one-way streams of a command and their credits.
#include <utility>

#include "daemon/base/check.hpp"
#include "plugins/transport/runtime/backend.hpp"

namespace belay::worker {

Command::Command(wp::Exec exec, Signal& wake_event, Link link)
    : exec_(std::move(exec)),
      wake_(wake_event),
      link_(std::move(link)),
      deadline_(std::chrono::steady_clock::now() + std::chrono::milliseconds(exec_.deadline_ms)),
      room_(exec_.credit) {}

std::string_view Command::input() const {
  return pieces_.empty() ? std::string_view() : std::string_view(pieces_.front()).substr(front_used_);
}

void Command::consume(std::size_t bytes) {
  BELAY_CHECK(bytes <= input().size());
  front_used_ += bytes;
  used_ += static_cast<std::uint32_t>(bytes);
  if (!pieces_.empty() && front_used_ == pieces_.front().size()) {
    pieces_.pop_front();
    front_used_ = 0;
  }
  // Credit goes back in quarters of the window, so that it costs few frames and the daemon never runs dry.
  if (used_ >= wp::window / 4) {
    granted_ += used_;
    link_.credit(std::exchange(used_, 0));
  }
}

void Command::output(bool err, std::string_view bytes) {
  BELAY_CHECK(bytes.size() <= room_);
  room_ -= bytes.size();
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, wp::max_data);
    link_.output(err, piece);
    bytes.remove_prefix(piece.size());
  }
}

bool Command::feed(std::string piece) {
  if (ended_ || piece.empty() || piece.size() > granted_ || piece.size() > wp::max_data) return false;
  granted_ -= static_cast<std::uint32_t>(piece.size());
  pieces_.push_back(std::move(piece));
  wake_.notify();
  return true;
}

bool Command::end_input() {
  if (std::exchange(ended_, true)) return false;
  wake_.notify();
  return true;
}

bool Command::grant(std::uint32_t bytes) {
  room_ += bytes;
  if (room_ > UINT32_MAX) return false;
  wake_.notify();
  return true;
}

void Command::close() {
  closed_ = true;
  wake_.notify();
}

}  // namespace belay::worker
