// Follows a run to its end: its event stream, with progress on the way and the verdict at last.
//
// A stream that breaks is taken up again where it broke (Last-Event-ID); a daemon that is away is waited for, because
// the run stands in its journal and goes on, or back, when it is there again. One thread.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "cli/client.hpp"
#include "cli/io.hpp"
#include "cli/painter.hpp"
#include "cli/progress.hpp"

namespace belay::cli {

struct FollowOptions {
  bool json = false;                   // the final view as JSON on `out`, progress lines on `err`
  std::chrono::seconds patience{600};  // how long a daemon that is away is waited for
};

class Follower {
 public:
  Follower(Client& client, Io& io, FollowOptions options);

  // The exit code of the run; 130 when interrupted (the run goes on), 1 when the daemon did not come back.
  [[nodiscard]] int follow(const std::string& run);

 private:
  struct Watched {
    std::string id;
    RunView view;
    Json document;
    std::map<std::string, Times> times;
    std::uint64_t last = 0;
    bool stale = true;  // something happened since the view was read
    bool ended = false;
    std::string leg;  // a rehearsal began this run: it is followed first
  };

  Result<void> watch(Watched& run);
  Result<void> listen(Watched& run);
  Result<void> refresh(Watched& run);
  bool on_event(Watched& run, const Json& document);
  bool on_tick(Watched& run);
  void draw(const Watched& run);
  void say(const std::string& line);
  Canvas canvas() const;
  int report(const Watched& run);

  Client& client_;
  Io& io_;
  FollowOptions options_;
  bool live_;  // redrawn in place
  Painter painter_;
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace belay::cli
