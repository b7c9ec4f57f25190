// Daemon: one start of belayd in the simulated world: a loop of its own, the real engine on it, a store, and virtual
// time. It can die at any moment, with everything in flight dropped as by SIGKILL, or stand still for a while.
//
// poll() runs what is ready and throws what comes out of it (Violation). A dead daemon does nothing more; destroy it.
// One thread.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "daemon/engine/engine.hpp"
#include "daemon/store/store.hpp"
#include "tests/simulation/engine/memory_store.hpp"
#include "tests/simulation/engine/transport.hpp"
#include "tests/simulation/engine/watch.hpp"

namespace belay::simulated {

// What the daemons of one story find when they start.
struct State {
  Durable memory = {};
  std::filesystem::path directory = {};  // of the real store; empty: in memory
};

class Daemon final : public Clock {
 public:
  // For what may outlive the daemon: null once it is gone.
  struct Handle {
    Daemon* daemon = nullptr;
  };

  Daemon(Setting& setting, Network& network, Ledger& ledger, State& state, const Environment& environment);
  ~Daemon() override;
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Begins as belayd does: takes up what is in flight. Then, with a request, starts a run.
  void begin(std::optional<engine::StartRequest> request);
  // Why the run could not be started; empty when it was.
  [[nodiscard]] const std::string& refused() const { return refused_; }
  // True when anything ran.
  bool poll();
  [[nodiscard]] bool dead() const { return dead_; }
  // Of a dead one, before it is destroyed: what its store was given is written, and the ledger hears of it.
  void bury();
  [[nodiscard]] bool ready() const { return ready_; }  // recover() is over
  [[nodiscard]] std::size_t running() const { return engine_->running(); }
  [[nodiscard]] engine::Engine& engine() { return *engine_; }
  [[nodiscard]] std::uint64_t epoch() const { return watch_->epoch(); }

  void die(const std::string& why);
  // Stands still from now on, with another daemon taking over, until resume().
  void pause();
  void resume() { paused_ = false; }
  [[nodiscard]] bool paused() const { return paused_; }
  // Only where the store is in memory: the lock of the real one keeps a second daemon out.
  [[nodiscard]] bool can_be_paused() const { return memory_.has_value(); }
  [[nodiscard]] bool owns_journal() const { return !memory_ || memory_->is_owner(); }
  void ask_to_abort();

  [[nodiscard]] std::int64_t now_ms() const override { return 1'800'000'000'000 + setting_.time.now(); }
  [[nodiscard]] Awaitable<void> wait(std::chrono::milliseconds time) const override;
  [[nodiscard]] Awaitable<void> never() const;
  [[nodiscard]] bool is_install(const std::string& command) const;
  [[nodiscard]] const std::shared_ptr<Handle>& handle() const { return handle_; }

  // Calls `start` with a function that ends the waiting with a value; it may be called any time, or never, and does
  // nothing once the daemon is dead.
  template <class T, class Start>
  Awaitable<T> wait_for(Start start) const {
    auto initiate = [this](auto handler, Start begin) {
      using Handler = decltype(handler);
      auto kept = std::make_shared<Handler>(std::move(handler));
      parked_.insert(kept);
      if (dead_) return;
      begin([on = handle_, weak = std::weak_ptr<Handler>(kept)](T value) {
        const auto held = weak.lock();
        if (!held || on->daemon == nullptr || on->daemon->dead_) return;
        on->daemon->parked_.erase(held);
        boost::asio::post(on->daemon->loop_, [handler = std::move(*held), value = std::move(value)]() mutable {
          std::move(handler)(std::move(value));
        });
      });
    };
    co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
        std::move(initiate), boost::asio::use_awaitable, std::move(start));
  }

 private:
  // shutdown() drops all that waits, with its coroutines, while the loop still stands.
  struct Loop : boost::asio::io_context {
    using boost::asio::execution_context::shutdown;
    using boost::asio::io_context::io_context;
  };
  [[nodiscard]] Awaitable<void> live(std::optional<engine::StartRequest> request);

  Setting& setting_;
  Ledger& ledger_;
  mutable Loop loop_{1};
  std::shared_ptr<Handle> handle_;
  mutable std::set<std::shared_ptr<void>> parked_;
  std::vector<Environment> environments_;
  std::optional<MemoryStore> memory_;
  std::unique_ptr<store::Store> store_;
  std::optional<Watch> watch_;
  std::optional<engine::Engine> engine_;
  std::string refused_;
  bool dead_ = false;
  bool ready_ = false;
  bool paused_ = false;
};

}  // namespace belay::simulated
