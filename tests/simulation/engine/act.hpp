// Act: what a process of a simulated host does, as a coroutine. It stops wherever time may pass, so a fault can fall
// between any two things it does; destroying it is SIGKILL.
//
// An Act starts when it is awaited or first resumed; an Act that awaits another owns it. An exception ends it and comes
// out of whoever resumed the outermost one. One thread.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace belay::simulated {

template <class T>
class [[nodiscard]] Act {
 public:
  struct promise_type {
    std::coroutine_handle<> waiting = std::noop_coroutine();
    std::optional<T> value;
    std::exception_ptr error;

    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        return self.promise().waiting;
      }
      void await_resume() noexcept {}
    };
    Act get_return_object() { return Act(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void return_value(T result) { value = std::move(result); }
    void unhandled_exception() { error = std::current_exception(); }
  };

  Act() = default;
  Act(Act&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Act& operator=(Act&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Act(const Act&) = delete;
  Act& operator=(const Act&) = delete;
  ~Act() {
    if (handle_) handle_.destroy();
  }

  [[nodiscard]] std::coroutine_handle<> handle() const { return handle_; }
  [[nodiscard]] bool done() const { return handle_.done(); }
  // Of one that is done.
  T result() {
    if (handle_.promise().error) std::rethrow_exception(handle_.promise().error);
    return std::move(*handle_.promise().value);
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
    handle_.promise().waiting = waiting;
    return handle_;
  }
  T await_resume() { return result(); }

 private:
  explicit Act(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace belay::simulated
