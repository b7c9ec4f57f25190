// Fd and Ready: a file descriptor that closes itself, and a way to be told once when one can be read or written.
//
// Ready waits on a duplicate, so that the original stays whoever's it is. arm() is idempotent: one wait is pending at a
// time; when it ends, the event is notified and armed() is false again. One thread.
#pragma once

#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <utility>

#include "belay/signal.hpp"

namespace belay::worker {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

class Ready {
 public:
  using Descriptor = boost::asio::posix::stream_descriptor;

  // The event must outlive the Ready, or be taken away by forget() first.
  Ready(const boost::asio::any_io_executor& executor, int fd) : state_(std::make_shared<State>(executor, ::dup(fd))) {}
  Ready(Ready&&) = default;
  Ready& operator=(Ready&&) = default;
  Ready(const Ready&) = delete;
  Ready& operator=(const Ready&) = delete;
  ~Ready() {
    if (state_ != nullptr) state_->stop();
  }

  void arm(Descriptor::wait_type what, Signal& event) {
    const int slot = what == Descriptor::wait_write ? 1 : 0;
    state_->event = &event;
    if (std::exchange(state_->armed[slot], true)) return;
    state_->descriptor.async_wait(what, [state = state_, slot](const boost::system::error_code&) {
      state->armed[slot] = false;
      if (state->event != nullptr) state->event->notify();
    });
  }
  void arm_read(Signal& event) { arm(Descriptor::wait_read, event); }
  void arm_write(Signal& event) { arm(Descriptor::wait_write, event); }
  // The event is about to go away; a wait that is pending ends in silence.
  void forget() { state_->event = nullptr; }

 private:
  struct State {
    State(const boost::asio::any_io_executor& executor, int fd) : descriptor(executor, fd) {}
    void stop() {
      event = nullptr;
      boost::system::error_code ignored;
      descriptor.close(ignored);
    }
    Descriptor descriptor;
    Signal* event = nullptr;
    bool armed[2] = {false, false};
  };
  std::shared_ptr<State> state_;
};

}  // namespace belay::worker
