// One `belay` at a real daemon: the command runs on the test's thread, what happens meanwhile on another.
#pragma once

#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "cli/command.hpp"
#include "daemon/base/escape.hpp"
#include "tests/api/server/daemon.hpp"

namespace belay::cli::test {

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

struct Terminal {
  bool on = false;
  int columns = 80;
  int rows = 24;
};

inline Outcome belay(const std::string& socket, const std::vector<std::string>& arguments, Terminal terminal = {}) {
  std::ostringstream out;
  std::ostringstream err;
  Io io{out,
        err,
        terminal.on,
        false,
        true,
        [terminal] { return std::pair{terminal.columns, terminal.rows}; },
        [&socket](const char* name) -> std::optional<std::string> {
          if (std::string_view(name) == "BELAY_SOCKET") return socket;
          if (std::string_view(name) == "BELAY_LIBEXEC") return BELAY_BUILD_DIR "/libexec";
          return std::nullopt;
        }};
  const int code = run(arguments, io);
  return {code, out.str(), err.str()};
}

// Does `work` beside the command; joined at the end of the scope.
class Meanwhile {
 public:
  explicit Meanwhile(std::function<void()> work) : thread_(std::move(work)) {}
  ~Meanwhile() { thread_.join(); }
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;

 private:
  std::thread thread_;
};

// A package with a signature beside it; the daemon of these tests does not look inside.
inline std::string write_package(const api::test::Daemon& daemon, const std::string& text = "archive") {
  const std::string file = (daemon.folder() / "portal.belay").native();
  std::ofstream(file) << text;
  std::ofstream(file + ".sig") << "signature";
  return file;
}

// The id of the n-th run that was started, as soon as it was.
inline std::string started_run(api::test::Daemon& daemon, std::size_t n = 1) {
  std::vector<RunRow> rows;
  const bool there = daemon.until([&] { return daemon.control->started.size() >= n; });
  if (!there) return {};
  rows = daemon.on_loop<std::vector<RunRow>>([&] { return daemon.store->runs({}); });
  return rows.empty() ? std::string() : rows.front().id;
}

}  // namespace belay::cli::test
