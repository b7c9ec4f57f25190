#include "cli/follow.hpp"

#include <fmt/format.h>

#include <thread>

#include "cli/sse.hpp"
#include "cli/verdict.hpp"

namespace belay::cli {
namespace {

using namespace std::chrono_literals;

// Between two frames, and between two looks for a daemon that is away.
constexpr auto frame_time = 150ms;
constexpr auto retry_time = 250ms;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Follower::Follower(Client& client, Io& io, FollowOptions options)
    : client_(client), io_(io), options_(options), live_(io.terminal && !options.json), painter_(io) {}

Canvas Follower::canvas() const {
  const auto [columns, rows] = io_.size();
  return Canvas{columns, rows, io_.utf8, Paint{io_.colour && !options_.json}};
}

void Follower::say(const std::string& line) {
  if (live_) {
    painter_.above(line);
  } else {
    (options_.json ? io_.err : io_.out) << line << '\n' << std::flush;
  }
}

void Follower::draw(const Watched& run) {
  drawn_ = std::chrono::steady_clock::now();
  painter_.draw(progress_lines(run.view, run.times, now_ms(), canvas()));
}

int Follower::follow(const std::string& id) {
  Watched run;
  run.id = id;
  const auto watched = watch(run);
  painter_.keep();
  if (!watched) {
    if (watched.error().kind == Kind::cancelled) {
      io_.err << fmt::format(
          "belay: you stopped watching; the run goes on. Watch it: belay run watch {}  Stop it: belay run abort {}\n",
          safe(id), safe(id));
      return 130;
    }
    io_.err << "belay: " << safe(watched.error().text()) << '\n';
    return exit_code(watched.error(), client_.away());
  }
  return report(run);
}

int Follower::report(const Watched& run) {
  if (options_.json) {
    io_.out << run.document.dump(2, ' ', true, Json::error_handler_t::replace) << '\n';
  } else {
    for (const std::string& line : verdict(run.view, canvas())) io_.out << line << '\n';
  }
  io_.out << std::flush;
  return run.view.exit_code >= 0 ? run.view.exit_code : 1;
}

Result<void> Follower::watch(Watched& run) {
  auto patience_ends = std::chrono::steady_clock::now() + options_.patience;
  bool told = false;
  for (;;) {
    const std::uint64_t before = run.last;
    auto heard = listen(run);
    if (run.last != before) {
      patience_ends = std::chrono::steady_clock::now() + options_.patience;
      told = false;
    }
    if (heard && !run.leg.empty()) {
      Watched leg;
      leg.id = std::exchange(run.leg, {});
      BELAY_TRYV(watch(leg));
      if (live_) draw(leg);
      painter_.keep();
      continue;
    }
    if (heard) heard = refresh(run);
    // The end counts once the view says it too; until then a stream that ended early is taken up again.
    if (heard && run.view.ended()) {
      if (live_) draw(run);
      return {};
    }
    // Kind::conflict: the daemon has too many connections for now.
    if (!heard && !client_.away() && heard.error().kind != Kind::conflict) return heard;
    if (interrupted()) return fail(Kind::cancelled, "interrupted");
    if (std::chrono::steady_clock::now() > patience_ends) {
      return fail(Kind::unreachable, fmt::format("the daemon did not come back within {} s", options_.patience.count()),
                  fmt::format("The run stands in its journal: start belayd, then `belay run watch {}`.", run.id));
    }
    if (!heard && !std::exchange(told, true)) {
      say("the daemon is away; waiting for it (the run stands in its journal)");
    }
    std::this_thread::sleep_for(retry_time);
  }
}

Result<void> Follower::listen(Watched& run) {
  SseParser parser([this, &run](const SseEvent& event) {
    const Json document = Json::parse(event.data, nullptr, false);
    return !document.is_object() || on_event(run, document);
  });
  return client_.stream(
      "/v1/runs/" + part(run.id) + "/events", run.last,
      [&parser](std::string_view piece) { return parser.feed(piece); }, [this, &run] { return on_tick(run); });
}

Result<void> Follower::refresh(Watched& run) {
  auto document = client_.get("/v1/runs/" + part(run.id));
  if (!document) return std::unexpected(document.error());
  run.document = std::move(*document);
  run.view = read_view(run.document);
  run.stale = false;
  return {};
}

bool Follower::on_event(Watched& run, const Json& document) {
  const EventView event = read_event(document);
  if (event.seq <= run.last) return true;
  // The daemon may be gone again before it could be asked what the steps are called: then this event is listened for
  // again.
  if (event.step > 0 && run.view.steps.empty() && !refresh(run)) return false;
  run.last = event.seq;
  run.stale = true;
  if (!event.host.empty()) {
    Times& times = run.times[event.host];
    if (times.began_ms == 0) times.began_ms = event.at_ms;
    times.last_ms = event.at_ms;
  }
  if (!live_) {
    // Names of hosts and steps come with the plan; until then the lines do without.
    if (run.view.steps.empty() || event.type == "run-planned") (void)refresh(run);
    if (const auto line = event_line(event, run.view, Paint{io_.colour && !options_.json})) say(*line);
  }
  if (event.type == "leg-started") {
    run.leg = event.digest;
    if (live_) say(event_line(event, run.view, Paint{io_.colour}).value_or(""));
    return false;
  }
  return true;
}

bool Follower::on_tick(Watched& run) {
  if (!live_) return true;
  if (std::chrono::steady_clock::now() - drawn_ < frame_time) return true;
  if (run.stale && !refresh(run)) return true;  // the stream will notice that the daemon is away
  draw(run);
  return true;
}

}  // namespace belay::cli
