#include "tests/simulation/engine/story.hpp"

#include <fmt/format.h>

#include <spdlog/spdlog.h>

#include <algorithm>

#include "tests/simulation/engine/scenery.hpp"

namespace belay::simulated {

namespace {

constexpr int dead_man_seconds = 60;
constexpr Millis restart_time = 5'000;
constexpr Millis standing_still = 300'000;
// After the end: what is late has come, what ticks has fired, what was away is back.
constexpr Millis rest_time = 600'000;
// Far more than any story needs: a run that is not over by then never ends (I10).
constexpr Millis longest = 48LL * 3600 * 1000;
constexpr std::uint64_t most_steps = 2'000'000;

}  // namespace

// What a finished deployment leaves; told once, and every rollback begins with it.
struct Deployed {
  Story story{Plot{.kind = Kind::deploy}};
  Deployed() {
    story.setting_.chance.mute = true;
    story.begin();
    story.to_the_end();
    if (story.ledger_.exit_code() != 0) throw Violation("the plain deployment ends with another code than 0");
  }
};

Story::Story(const Plot& plot, bool tell_all) : plot_(plot) {
  spdlog::set_level(spdlog::level::off);
  setting_.chance = plot.seed ? Chance(*plot.seed) : Chance(plot.shots);
  setting_.switches = plot.switches;
  setting_.tell = tell_all;
  setting_.journalled = [this](EventType type, const std::string& host, int step, std::uint64_t start) {
    return ledger_.has(type, host, step, start);
  };
  ledger_.also = [this](const Event& event) { heard(event); };
  for (const belay::Host& each : inventory()) {
    auto made = std::make_unique<Host>(each.name, setting_);
    made->boot_hook = made->has_copies = plot.kind == Kind::guarded;
    for (const File& file : files())
      if (file.before) made->disk.settle(file.path, *file.before);
    network_.hosts.emplace(each.name, std::move(made));
  }
  if (plot.kind == Kind::deploy_stored) state_.directory = fresh_directory();
  if (plot.kind != Kind::rollback) return;
  static const Deployed deployed;
  for (auto& [name, one] : network_.hosts) one->become(deployed.story.host(name));
  ledger_.become(deployed.story.ledger_);
  state_.memory = deployed.story.state_.memory;
  deployment_ = deployed.story.deployment_;
}

Story::~Story() {
  if (!state_.directory.empty()) {
    daemons_.clear();
    std::error_code ignored;
    std::filesystem::remove_all(state_.directory, ignored);
  }
}

void Story::begin() {
  engine::StartRequest request{.environment = "test", .actor = "somebody"};
  if (plot_.kind == Kind::rollback) {
    request.kind = RunKind::rollback;
    request.application = "permits";
  } else {
    request.package = package().digest.hex();
  }
  start_daemon(std::move(request));
}

void Story::start_daemon(std::optional<engine::StartRequest> request) {
  next_daemon_due_ = false;
  daemons_.push_back(std::make_unique<Daemon>(setting_, network_, ledger_, state_,
                                              environment(plot_.kind == Kind::guarded ? dead_man_seconds : 0)));
  starts_ = daemons_.back()->epoch();
  daemons_.back()->begin(std::move(request));
}

void Story::kill(Millis pause) {
  if (Daemon* const now = daemon()) now->die("killed by the test");
  if (pause < 0) no_more_daemons = true;
}

void Story::bury_the_dead() {
  for (std::size_t i = 0; i < daemons_.size(); ++i) {
    Daemon& one = *daemons_[i];
    const bool in_office = i + 1 == daemons_.size();
    if (one.paused() && in_office && !next_daemon_due_) {
      // Somebody takes over at once, and the old one wakes up much later.
      setting_.time.after(standing_still, [on = one.handle()] {
        if (on->daemon != nullptr) on->daemon->resume();
      });
      next_daemon_due_ = true;
      setting_.time.after(restart_time, [this] { start_daemon({}); });
      continue;
    }
    if (!one.dead()) continue;
    one.bury();
    daemons_.erase(daemons_.begin() + static_cast<std::ptrdiff_t>(i));
    if (in_office && !no_more_daemons && !next_daemon_due_) {
      next_daemon_due_ = true;
      setting_.time.after(restart_time, [this] { start_daemon({}); });
    }
    --i;
  }
}

bool Story::step() {
  for (std::size_t i = 0; i < daemons_.size(); ++i) daemons_[i]->poll();
  bury_the_dead();
  if (setting_.time.steps() > most_steps || setting_.time.now() > longest) throw Violation("I10: the run does not end");
  // A run that no daemon ever wrote down is over, too: nothing happened.
  const bool idle = !daemons_.empty() && daemons_.back()->ready() && daemons_.back()->running() == 0;
  const bool over =
      ledger_.ended() || ledger_.run().empty() || (plot_.kind == Kind::rollback && ledger_.run() == deployment_);
  if (!ended_at_ && ((idle && over) || (daemons_.empty() && no_more_daemons))) ended_at_ = setting_.time.now();
  if (ended_at_ && setting_.time.now() > *ended_at_ + rest_time) return false;
  if (setting_.time.step()) return true;
  if (ended_at_) return false;
  throw Violation("I10: nothing is under way any more, and the run has not ended");
}

void Story::until(const std::function<bool()>& done) {
  while (!done())
    if (!step()) throw Violation("the story ends before what was waited for");
}

std::string Story::directory(int step) const { return fmt::format("{}/runs/{}/{}", base_directory, deployment_, step); }

// Runs inside an append, at the moment the event is durable.
void Story::heard(const Event& event) {
  if (event.type == EventType::run_created && plot_.kind != Kind::rollback) deployment_ = event.run;
  if (event.type == EventType::committed && event.ok) {
    const auto& truth = host(event.host).truth();
    const auto found = truth.find(directory(event.step));
    if (found == truth.end() || !found->second.committed)
      throw Violation(fmt::format("I7: the journal says that step {} on {} is committed", event.step, event.host));
  }
  if (event.type != EventType::run_ended || event.rc == 3) return;
  // A run that ended well leaves nothing behind that would act later, when others work there.
  for (const auto& [name, one] : network_.hosts)
    for (int step = 1; step <= steps; ++step) {
      const std::string dir = directory(step);
      const std::string token = one->token(dir);
      if (one->guarded(dir) && (token == "armed" || token == "firing"))
        throw Violation(fmt::format("I7: the run ended with {}, and the switch of step {} on {} is still {}", event.rc,
                                    step, name, token));
    }
}

Outcome tell(const Plot& plot, bool tell_all) {
  Outcome out;
  Story story(plot, tell_all);
  try {
    story.begin();
    story.to_the_end();
    story.check();
    if (story.ledger().exit_code() != 0 && story.setting().chance.given().empty())
      throw Violation("I16: the run did not end well, and nothing went wrong");
  } catch (const Violation& violation) {
    out.violation = violation.what();
  }
  out.exit_code = story.ledger().ended() ? story.ledger().exit_code() : -1;
  out.chance = story.setting().chance;
  out.log = std::move(story.setting().log);
  return out;
}

}  // namespace belay::simulated
