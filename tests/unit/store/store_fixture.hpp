// What tests of the store share: a directory that goes away, a clock moved by hand, and a loop to run coroutines on.
//
// One thread; the database thread is the store's own.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "daemon/store/store.hpp"
#include "tests/support/folder/folder.hpp"

namespace belay::store::testing {

using belay::test::TempDir;

struct HandClock final : Clock {
  std::int64_t ms = 1'000;
  [[nodiscard]] std::int64_t now_ms() const override { return ms; }
  Awaitable<void> wait(std::chrono::milliseconds) const override { co_return; }
};

// A store on `state` with its own loop.
class Opened {
 public:
  explicit Opened(const std::filesystem::path& state) {
    auto opened = Store::open(state, clock, loop.get_executor());
    if (opened)
      store = std::move(*opened);
    else
      error = opened.error();
  }

  // Runs the coroutine, and all that it started, to the end.
  template <class T>
  T get(Awaitable<T> work) {
    std::optional<T> result;
    boost::asio::co_spawn(loop, std::move(work), [&](const std::exception_ptr& thrown, T value) {
      if (thrown) std::rethrow_exception(thrown);
      result = std::move(value);
    });
    loop.restart();
    loop.run();
    return std::move(*result);
  }

  [[nodiscard]] Event event(EventType type, std::string run, std::string note = {}) const {
    Event made;
    made.type = type;
    made.run = std::move(run);
    made.epoch = store->epoch();
    made.note = std::move(note);
    return made;
  }

  HandClock clock;
  boost::asio::io_context loop{1};
  std::unique_ptr<Store> store;  // null when `error` says why
  std::optional<Error> error;
};

// Runs SQL of the test's own on a database that no store has open; true when it worked.
inline bool change_by_hand(const std::filesystem::path& state, const std::string& sql) {
  sqlite3* database = nullptr;
  bool fine = sqlite3_open((state / "belay.db").c_str(), &database) == SQLITE_OK;
  fine = fine && sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  sqlite3_close(database);
  return fine;
}

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void spill(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace belay::store::testing
