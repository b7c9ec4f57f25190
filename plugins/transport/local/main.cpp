// belay-local: a transport worker that runs commands on the daemon's own machine. For development and for tests; it
// holds no identity and asks for none.
#include <fmt/format.h>

#include "plugins/transport/runtime/child.hpp"
#include "plugins/transport/runtime/runtime.hpp"

namespace {

namespace wp = belay::worker_protocol;
using namespace belay::worker;
using boost::asio::awaitable;

constexpr auto no_limit = Time::max();

class LocalSession : public Session {
 public:
  explicit LocalSession(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  wp::Opened opened() const override { return {"local", ""}; }

  awaitable<std::optional<std::string>> idle(belay::Signal& wake) override {
    co_await wake.wait(no_limit);
    co_return std::nullopt;
  }

  awaitable<wp::Exit> exec(Command& command) override {
    auto child = Child::start(executor_, {"/bin/sh", "-c", command.text()});
    if (!child) co_return wp::Exit{wp::Exit::End::lost, -1, "", child.error().what};
    co_return co_await pump(**child, command);
  }

 private:
  boost::asio::any_io_executor executor_;
};

class LocalBackend : public Backend {
 public:
  explicit LocalBackend(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  void begin(const wp::Hello&, wp::Hello&) override {}

  awaitable<OpenResult> open(const wp::Open&, Time) override { co_return std::make_unique<LocalSession>(executor_); }

 private:
  boost::asio::any_io_executor executor_;
};

}  // namespace

int main() {
  return belay::worker::run("local", [](const boost::asio::any_io_executor& executor, const LogLine&) {
    return std::make_unique<LocalBackend>(executor);
  });
}
