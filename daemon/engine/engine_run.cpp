// A run from its creation to its end: deployments, rollbacks, rehearsals, and those that an earlier daemon left.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "daemon/base/ulid.hpp"
#include "daemon/engine/finals.hpp"
#include "daemon/engine/hold.hpp"
#include "daemon/engine/plan_codec.hpp"

namespace belay::engine {

Awaitable<int> Engine::execute(RunRow row, std::shared_ptr<Hold> hold) {
  switch (row.kind) {
    case RunKind::deploy:
      co_return co_await deploy(std::move(row), std::move(hold));
    case RunKind::rollback:
      co_return co_await roll_back(std::move(row), std::move(hold));
    case RunKind::rehearse:
      co_return co_await rehearse(std::move(row), std::move(hold));
    case RunKind::verify:
      break;
  }
  co_return co_await end_early(std::move(row), 1, "this kind of run cannot be started");
}

Awaitable<void> Engine::planned(RunRow& row, const Plan& plan, const std::string& digest) {
  row.plan = digest;
  Event event;
  event.type = EventType::run_planned;
  event.run = row.id;
  event.epoch = world_.journal.epoch();
  event.digest = digest;
  event.note = fmt::format("{} steps on {} hosts", plan.steps.size(), plan.hosts.size());
  std::vector<Event> events;
  events.push_back(std::move(event));
  std::vector<RecordWrite> rows;
  rows.emplace_back(row);
  co_await world_.journal.append(std::move(events), std::move(rows));
}

Awaitable<int> Engine::deploy(RunRow row, std::shared_ptr<Hold> hold) {
  const Environment& environment = *world_.environment(row.environment);
  auto made = co_await make_plan_for(row.package, environment);
  if (const auto stopped = stopped_.find(row.id); stopped != stopped_.end())
    co_return co_await end_early(std::move(row), 1, stopped->second + "; nothing was touched");
  if (!made) {
    const Kind kind = made.error().kind;
    const bool away = kind == Kind::unreachable || kind == Kind::timeout || kind == Kind::unknown;
    co_return co_await end_early(std::move(row), away ? 4 : kind == Kind::refused ? 5 : 1, made.error().text());
  }
  if (!environment.rules.allow_irreversible)
    for (const PlanStep& step : made->plan.steps)
      if (step.way_back == WayBack::none)
        co_return co_await end_early(
            std::move(row), 5,
            fmt::format(
                "[KY-2] step \"{}\" has no way back, which {} does not take. Give it `touches` or `undo`, or set "
                "`require: {{allow_irreversible: true}}` for the environment",
                step.name, environment.name));
  if (auto added = hold->add(made->plan); !added) co_return co_await end_early(std::move(row), 1, added.error().text());
  const auto digest = world_.blobs.put(write_plan(made->plan));
  if (!digest) co_return co_await end_early(std::move(row), 1, digest.error().text());
  co_await planned(row, made->plan, digest->hex());
  co_return co_await drive(std::move(row), made->plan, std::move(hold), std::move(made->links));
}

Awaitable<int> Engine::roll_back(RunRow row, std::shared_ptr<Hold> hold) {
  const auto undone = co_await world_.record.run(row.of);
  if (!undone || undone->plan.empty()) {
    std::string why = fmt::format("run {} has no plan to go back by", row.of);  // before `row` is given away
    co_return co_await end_early(std::move(row), 1, std::move(why));
  }
  auto plan = co_await load_plan(undone->plan);
  if (!plan) co_return co_await end_early(std::move(row), 1, plan.error().text());
  plan->of = row.of;
  // Only what was begun can be taken back: a step that its `when` left out, or that the run never reached, has no
  // snapshot.
  reduce::RunState was = reduce::initial(undone->kind, *plan);
  for (const Recorded& recorded : co_await world_.journal.events(row.of))
    reduce::apply(was, *plan, recorded.event, world_.journal.epoch());
  for (std::size_t h = 0; h < plan->hosts.size(); ++h)
    for (std::size_t i = 0; i < plan->steps.size(); ++i)
      if (HostStep& step = plan->hosts[h].steps[i]; !step.skipped && !was.hosts[h].steps[i].touched) {
        step.skipped = true;
        step.why_skipped = "run " + row.of + " did not begin it";
      }
  if (auto added = hold->add(*plan); !added) co_return co_await end_early(std::move(row), 1, added.error().text());
  const auto digest = world_.blobs.put(write_plan(*plan));
  if (!digest) co_return co_await end_early(std::move(row), 1, digest.error().text());
  co_await planned(row, *plan, digest->hex());
  co_return co_await drive(std::move(row), *plan, std::move(hold));
}

Awaitable<int> Engine::drive(RunRow row, const Plan& plan, std::shared_ptr<Hold> hold, Links links) {
  const Environment& environment = *world_.environment(row.environment);
  auto baselines = co_await baselines_for(row, plan);
  if (!baselines) co_return co_await end_early(std::move(row), 1, baselines.error().text());
  const auto events = co_await world_.journal.events(row.id);
  auto run = std::make_shared<Run>(world_, environment, row, [this] { return ++generation_; });
  active_[row.id] = run;
  if (stopping_) run->stop();
  co_await run->drive(plan, events, std::move(*baselines), std::move(links));
  active_.erase(row.id);
  const int code = run->state().exit_code;
  hold.reset();
  co_return code;
}

Awaitable<Result<Plan>> Engine::load_plan(const std::string& digest) {
  BELAY_CO_TRY(const Digest name, Digest::parse(digest));
  BELAY_CO_TRY(const std::string text, world_.blobs.get(name));
  co_return read_plan(text);
}

Awaitable<Result<Baselines>> Engine::baselines_for(const RunRow& row, const Plan& plan) {
  Baselines out;
  const auto all = co_await world_.record.baselines(row.application, row.environment);
  const auto load = [&](const BaselineRow& from) -> Result<BaselineView> {
    BELAY_TRY(auto finals, read_host_finals(world_.blobs, from.manifest));
    return BaselineView{from.run, std::move(finals)};
  };
  if (row.kind != RunKind::rollback) {
    for (const BaselineRow& baseline : all)
      if (baseline.current) {
        BELAY_CO_TRY(out.before, load(baseline));
      }
    co_return out;
  }
  // A run that never became a baseline goes back to the one that still stands.
  std::string previous;
  for (const BaselineRow& baseline : all)
    if (baseline.current) previous = baseline.run;
  for (const BaselineRow& baseline : all)
    if (baseline.run == plan.of) {
      BELAY_CO_TRY(out.deployed, load(baseline));
      previous = baseline.previous_run;
    }
  for (const Recorded& recorded : co_await world_.journal.events(plan.of))
    if (recorded.event.type == EventType::snap_done)
      out.snapshots[{recorded.event.host, recorded.event.step}] = recorded.event.digest;
    else if (recorded.event.type == EventType::snap_copied)
      out.copies[{recorded.event.host, recorded.event.step}] = recorded.event.digest;
  for (const BaselineRow& baseline : all)
    if (!previous.empty() && baseline.run == previous) {
      BELAY_CO_TRY(out.before, load(baseline));
    }
  co_return out;
}

Awaitable<int> Engine::leg(const RunRow& rehearsal, int number, const std::string& first_leg,
                           std::shared_ptr<Hold> hold) {
  RunRow row = rehearsal;
  row.id = make_ulid(static_cast<std::uint64_t>(world_.clock.now_ms()), random_ten());
  row.kind = number == 2 ? RunKind::rollback : RunKind::deploy;
  row.of = number == 2 ? first_leg : rehearsal.id;
  row.reason = fmt::format("rehearsal {}, part {} of 3", rehearsal.id, number);
  row.created_ms = world_.clock.now_ms();
  Event started;
  started.type = EventType::leg_started;
  started.run = rehearsal.id;
  started.epoch = world_.journal.epoch();
  started.step = number;
  started.digest = row.id;
  started.note = number == 1 ? "deploy" : number == 2 ? "roll back and prove" : "deploy again";
  std::vector<Event> events;
  events.push_back(std::move(started));
  co_await world_.journal.append(std::move(events), {});
  co_await create(row);
  co_return co_await execute(std::move(row), std::move(hold));
}

Awaitable<int> Engine::finish_rehearsal(RunRow row, int failed_leg, int code) {
  const auto contents = co_await world_.contents(row.package);
  EvidenceRow evidence{.kind = "rehearsal",
                       .package = row.package,
                       .plan_template = contents ? contents->playbook_digest.hex() : "",
                       .environment = row.environment,
                       .run = row.id,
                       .passed = failed_leg == 0,
                       .at_ms = world_.clock.now_ms()};
  const std::string why = failed_leg == 0 ? "rehearsed: deployed, rolled back, proven, deployed"
                                          : fmt::format("part {} of the rehearsal ended with {}", failed_leg, code);
  Event ended;
  ended.type = EventType::run_ended;
  ended.run = row.id;
  ended.epoch = world_.journal.epoch();
  ended.rc = code;
  ended.ok = code == 0;
  ended.note = why;
  row.state = code == 0 ? "completed" : code == 2 ? "rolled-back" : code == 3 ? "needs-operator" : "failed";
  row.outcome = why;
  row.exit_code = code;
  row.ended_ms = world_.clock.now_ms();
  std::vector<Event> events;
  events.push_back(std::move(ended));
  std::vector<RecordWrite> rows;
  rows.emplace_back(std::move(evidence));
  rows.emplace_back(std::move(row));
  co_await world_.journal.append(std::move(events), std::move(rows));
  co_return code;
}

// Deploy, roll back and prove, deploy again. Built from its events, so a new daemon goes on after the last finished
// part.
Awaitable<int> Engine::rehearse(RunRow row, std::shared_ptr<Hold> hold) {
  std::string first_leg;
  int done = 0;
  std::string open_leg;
  for (const Recorded& recorded : co_await world_.journal.events(row.id)) {
    if (recorded.event.type == EventType::leg_started) {
      open_leg = recorded.event.digest;
      if (recorded.event.step == 1) first_leg = open_leg;
    } else if (recorded.event.type == EventType::leg_ended) {
      open_leg.clear();
      done = recorded.event.step;
    }
  }
  for (int number = done + 1; number <= 3; ++number) {
    int code = 0;
    if (const auto stopped = stopped_.find(row.id); stopped != stopped_.end())
      co_return co_await end_early(std::move(row), 1, stopped->second);
    // A part that was named and not yet created has done nothing: it begins anew.
    const auto open = open_leg.empty() ? std::nullopt : co_await world_.record.run(open_leg);
    open_leg.clear();
    if (open) {
      // It may also have ended without our having written that down.
      code = open->state == "running" ? co_await resume(*open, hold) : open->exit_code;
    } else {
      code = co_await leg(row, number, first_leg, hold);
      if (number == 1) {
        const auto events = co_await world_.journal.events(row.id);
        for (const Recorded& recorded : events)
          if (recorded.event.type == EventType::leg_started) first_leg = recorded.event.digest;
      }
    }
    // -1: the daemon is stopping; the leg is taken up at the next start, and this rehearsal with it.
    if (code < 0) co_return -1;
    Event ended;
    ended.type = EventType::leg_ended;
    ended.run = row.id;
    ended.step = number;
    ended.epoch = world_.journal.epoch();
    ended.rc = code;
    ended.ok = code == 0;
    std::vector<Event> events;
    events.push_back(std::move(ended));
    co_await world_.journal.append(std::move(events), {});
    if (code != 0) co_return co_await finish_rehearsal(std::move(row), number, code);
  }
  co_return co_await finish_rehearsal(std::move(row), 0, 0);
}

Awaitable<int> Engine::resume(RunRow row, std::shared_ptr<Hold> hold) {
  if (row.kind == RunKind::rehearse) co_return co_await rehearse(std::move(row), std::move(hold));
  // A way back is never given up: without a plan it has touched nothing yet, and begins anew.
  if (row.kind == RunKind::rollback && row.plan.empty()) co_return co_await roll_back(std::move(row), std::move(hold));
  bool started = false;
  for (const Recorded& recorded : co_await world_.journal.events(row.id))
    started |= recorded.event.type == EventType::run_started;
  if (row.plan.empty() || (!started && row.kind != RunKind::rollback))
    co_return co_await end_early(std::move(row), 1, "the daemon stopped before anything was touched");
  auto plan = co_await load_plan(row.plan);
  if (!plan)
    co_return co_await end_early(std::move(row), 3,
                                 "the plan of a run in flight cannot be read: " + plan.error().text());
  if (auto added = hold->add(*plan); !added) spdlog::error("run {}: {}", row.id, added.error().text());
  spdlog::warn("run {} of {} in {} was in flight when the daemon ended; taking it up", row.id, row.application,
               row.environment);
  co_return co_await drive(std::move(row), *plan, std::move(hold));
}

Awaitable<std::size_t> Engine::recover() {
  const auto rows = co_await world_.record.runs({.state = "running", .limit = 100000});
  std::set<std::string> legs;
  for (const RunRow& row : rows) {
    if (row.kind != RunKind::rehearse) continue;
    for (const Recorded& recorded : co_await world_.journal.events(row.id))
      if (recorded.event.type == EventType::leg_started) legs.insert(recorded.event.digest);
  }
  std::size_t count = 0;
  for (const RunRow& row : rows) {
    // A rehearsal takes up its own part.
    if (legs.contains(row.id)) continue;
    if (world_.environment(row.environment) == nullptr) {
      spdlog::critical("run {} is in flight in {}, which the configuration no longer has: put it back and start again",
                       row.id, row.environment);
      continue;
    }
    ++count;
    auto hold = std::make_shared<Hold>(*this, row.application, row.environment, row.id);
    boost::asio::co_spawn(world_.executor, resume(row, std::move(hold)), [](const std::exception_ptr& error, int) {
      if (error) std::rethrow_exception(error);
    });
  }
  co_return count;
}

}  // namespace belay::engine
