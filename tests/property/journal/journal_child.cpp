// A process that appends to a journal until it is killed, and says on stdout what was acknowledged.
//
//     journal_child STATE RUN [LIMIT]
//
// Eight coroutines append events of RUN at once; event n of coroutine w has the note "w:n", and the same transaction
// writes the row of run RUN-w with that note as its reason. After each append the line "SEQ w:n" goes out in one write.
// LIMIT, in bytes, is how large any file may become (RLIMIT_FSIZE): past it the disk "is full".
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "daemon/store/store.hpp"

namespace {

using belay::Awaitable;
using belay::store::Store;

struct Still final : belay::Clock {
  [[nodiscard]] std::int64_t now_ms() const override { return 1; }
  Awaitable<void> wait(std::chrono::milliseconds) const override { co_return; }
};

Awaitable<void> work(Store& store, std::string run, int worker) {
  for (int n = 1;; ++n) {
    belay::Event event;
    event.type = belay::EventType::apply_intent;
    event.run = run;
    event.step = n;
    event.epoch = store.epoch();
    event.note = std::to_string(worker) + ":" + std::to_string(n);
    belay::RunRow row;
    row.id = run + "-" + std::to_string(worker);
    row.reason = event.note;
    const std::uint64_t seq = co_await store.append({event}, {row});
    const std::string line = std::to_string(seq) + " " + event.note + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(3);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  if (argc > 3) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{static_cast<rlim_t>(std::atoll(argv[3])), static_cast<rlim_t>(std::atoll(argv[3]))};
    const rlimit no_core{0, 0};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0 || ::setrlimit(RLIMIT_CORE, &no_core) != 0) return 71;
  }
  const Still clock;
  boost::asio::io_context loop{1};
  auto store = Store::open(argv[1], clock, loop.get_executor());
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().text().c_str());
    return 1;
  }
  for (int worker = 0; worker < 8; ++worker)
    boost::asio::co_spawn(loop, work(**store, argv[2], worker), [](const std::exception_ptr& thrown) {
      if (thrown) std::terminate();
    });
  loop.run();
}
