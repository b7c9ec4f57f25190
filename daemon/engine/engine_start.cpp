// How a run begins: what was asked for is checked, the gates are asked, and the journal has it before anything happens.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <nlohmann/json.hpp>

#include "daemon/base/escape.hpp"
#include "daemon/base/ulid.hpp"
#include "daemon/engine/hold.hpp"
#include "daemon/policy/gates.hpp"

namespace belay::engine {

namespace {

// What was rehearsed in `where` may go to `environment`.
bool rehearsal_counts(const Environment& environment, const Environment& where) {
  const std::string& named = environment.rules.rehearsed_in;
  return named.empty() ? where.tier == Tier::test : where.name == named;
}

constexpr std::size_t ulid_time_digits = 10;

// A request that is repeated after more runs than this is a new one.
constexpr int runs_looked_through = 1024;

// The part of a run's id that is not its time: by chance, or by the key it was asked for with. So the key stands in the
// record in the same transaction as the run, and no crash can come between them.
std::array<std::uint8_t, 10> ten_of(const StartRequest& request) {
  if (!request.key) return random_ten();
  std::array<std::uint8_t, 10> out{};
  std::copy_n(request.key->bytes.begin(), out.size(), out.begin());
  return out;
}

}  // namespace

Engine::Engine(World world) : world_(std::move(world)) {}

Awaitable<Result<std::string>> Engine::start(StartRequest request) {
  if (stopping_) co_return fail(Kind::conflict, "the daemon is stopping", "Ask again when it is up");
  BELAY_CO_TRY(const auto before, co_await asked_before(request));
  if (before) co_return *before;
  const Environment* environment = world_.environment(request.environment);
  // A rollback of a run by its id need not name the environment.
  std::optional<RunRow> undone;
  if (request.kind == RunKind::rollback && !request.of.empty()) {
    undone = co_await world_.record.run(request.of);
    if (!undone)
      co_return fail(Kind::not_found, fmt::format("there is no run {}", show(request.of)),
                     "`belay run list` shows them");
    environment = world_.environment(undone->environment);
    request.environment = undone->environment;
    request.application = undone->application;
  }
  if (environment == nullptr)
    co_return fail(Kind::not_found, fmt::format("there is no environment \"{}\"", show(request.environment)),
                   "`belay env list` shows them");
  BELAY_CO_TRY(RunRow row, co_await prepare_row(request, *environment));
  if (row.kind == RunKind::rehearse && environment->tier == Tier::production)
    co_return fail(Kind::refused, "a rehearsal belongs into a test environment, not into production",
                   "Name one of tier test with -e");
  const auto held = held_.find({row.application, row.environment});
  if (held != held_.end())
    co_return fail(Kind::conflict,
                   fmt::format("run {} is working on {} in {}", held->second, row.application, row.environment),
                   fmt::format("Watch it: `belay run watch {}`", held->second));
  auto hold = std::make_shared<Hold>(*this, row.application, row.environment, row.id);
  if (row.kind != RunKind::rollback) {
    if (auto allowed = co_await check_gates(row, *environment); !allowed) {
      // A refusal is a fact too: who tried what, and which rule said no.
      co_await create(row, request.asked);
      co_await end_early(row, 5, allowed.error().text());
      co_return std::unexpected(allowed.error());
    }
  }
  co_await create(row, request.asked);
  const std::string id = row.id;
  spdlog::info("run {}: {} of {} {} in {} asked for by {}", id, to_string(row.kind), row.application, row.version,
               row.environment, show(row.actor));
  launch(std::move(row), std::move(hold));
  co_return id;
}

Awaitable<Result<RunRow>> Engine::prepare_row(const StartRequest& request, const Environment& environment) {
  RunRow row{.id = make_ulid(static_cast<std::uint64_t>(world_.clock.now_ms()), ten_of(request)),
             .kind = request.kind,
             .application = request.application,
             .environment = environment.name,
             .actor = request.actor,
             .reason = request.reason,
             .created_ms = world_.clock.now_ms()};
  if (request.kind != RunKind::rollback) {
    const auto package = co_await world_.record.package(request.package);
    if (!package)
      co_return fail(Kind::not_found, fmt::format("the daemon has no package {}", show(request.package)),
                     "Send it first: `belay deploy FILE` does");
    row.package = package->digest;
    row.application = package->application;
    row.version = package->version;
    co_return row;
  }
  if (!request.of.empty()) {
    // A way back that did not come to its end may be gone again, as often as needed: restoring is convergent.
    const auto unfinished = co_await world_.record.run(request.of);
    if (unfinished && unfinished->kind == RunKind::deploy && unfinished->state == "needs-operator") {
      row.of = unfinished->id;
      row.package = unfinished->package;
      row.version = unfinished->version;
      co_return row;
    }
  }
  const auto baselines = co_await world_.record.baselines(request.application, environment.name);
  for (const BaselineRow& baseline : baselines) {
    if (!baseline.current) continue;
    if (!request.of.empty() && baseline.run != request.of)
      co_return fail(Kind::refused,
                     fmt::format("run {} is not what stands in {} now; that is {} of run {}", request.of,
                                 environment.name, baseline.version, baseline.run),
                     "Only the newest finished deployment can be rolled back; roll back step by step");
    row.of = baseline.run;
    row.package = baseline.package;
    row.version = baseline.version;
    co_return row;
  }
  co_return fail(
      Kind::not_found,
      fmt::format("there is no finished deployment of {} in {}", show(request.application), environment.name),
      "`belay baseline list` shows what stands where");
}

Awaitable<Result<void>> Engine::check_gates(RunRow& row, const Environment& environment) {
  policy::Facts facts{.package = row.package.substr(0, 12),
                      .environment = environment.name,
                      .rehearsal_run = row.kind == RunKind::rehearse};
  for (const Environment& one : world_.environments)
    if (rehearsal_counts(environment, one)) facts.rehearsable_in.push_back(one.name);
  std::string why_unsigned;
  if (environment.rules.signature) {
    auto signer = co_await world_.signer(row.package, environment);
    if (signer)
      facts.signer = *signer;
    else
      why_unsigned = signer.error().text();
  }
  const auto contents = co_await world_.contents(row.package);
  if (!contents) co_return std::unexpected(contents.error());
  for (const EvidenceRow& evidence : co_await world_.record.evidence(row.package)) {
    if (evidence.kind != "rehearsal") continue;
    const Environment* where = world_.environment(evidence.environment);
    const bool here = where != nullptr && rehearsal_counts(environment, *where);
    const bool same = evidence.plan_template == contents->playbook_digest.hex();
    if (here && same && evidence.passed) facts.rehearsed = true;
    if (!evidence.passed)
      facts.rehearsal_tried = fmt::format("run {} in {} did not pass", evidence.run, evidence.environment);
    else if (!here)
      facts.rehearsal_tried = fmt::format("run {} was in {}, which does not count", evidence.run, evidence.environment);
  }
  for (const BlockRow& block : co_await world_.record.blocks()) {
    if (block.environment != environment.name) continue;
    const auto by = co_await world_.record.run(block.run);
    // A block that such a run left is also how a person says that it is put right: by lifting it.
    if (by && by->application == row.application && by->state == "needs-operator") {
      facts.needs_operator = by->id;
      facts.way_back = by->kind == RunKind::rollback ? by->of : by->id;
      facts.left_by = block.package.substr(0, 12);
    } else if (block.package == row.package) {
      facts.blocked_by = block.run;
    }
  }
  for (const StepSpec& step : contents->playbook.steps)
    if (step.irreversible) facts.irreversible_steps.push_back(step.name);
  std::string what;
  std::string next;
  for (const policy::Gate& gate : policy::gates(facts, environment)) {
    if (gate.holds) continue;
    what += fmt::format("{}[{}] {}", what.empty() ? "" : "; ", gate.id, gate.what);
    if (gate.id == "KY-process" && !why_unsigned.empty()) what += ": " + why_unsigned;
    if (next.empty()) next = gate.next;
  }
  if (!what.empty()) co_return fail(Kind::refused, what, next);
  co_return Result<void>{};
}

Awaitable<Result<std::optional<std::string>>> Engine::asked_before(const StartRequest& request) {
  if (!request.key) co_return std::nullopt;
  const std::string mark = make_ulid(0, ten_of(request)).substr(ulid_time_digits);
  for (const RunRow& row : co_await world_.record.runs({.limit = runs_looked_through})) {
    // What was refused has done nothing, and may be allowed by now.
    if (!row.id.ends_with(mark) || row.state == "refused") continue;
    const auto events = co_await world_.journal.events(row.id);
    const auto created = nlohmann::json::parse(events.empty() ? "" : events.front().event.detail, nullptr, false);
    if (created.is_object() && created.value("asked", "") == request.asked.hex()) co_return row.id;
    co_return fail(Kind::conflict, "this Idempotency-Key was used with another body",
                   "Use a new key for a new request.");
  }
  co_return std::nullopt;
}

Awaitable<void> Engine::create(const RunRow& row, const Digest& asked) {
  Event created;
  created.type = EventType::run_created;
  created.run = row.id;
  created.epoch = world_.journal.epoch();
  created.note = row.reason.empty() ? "" : show(row.reason);
  created.detail = nlohmann::json{
      {"kind", to_string(row.kind)},
      {"application", row.application},
      {"environment", row.environment},
      {"package", row.package},
      {"actor", row.actor},
      {"of", row.of},
      {"asked",
       asked.hex()}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::vector<Event> events;
  events.push_back(std::move(created));
  std::vector<RecordWrite> rows;
  rows.emplace_back(row);
  co_await world_.journal.append(std::move(events), std::move(rows));
}

Awaitable<int> Engine::end_early(RunRow row, int exit_code, std::string why) {
  Event ended;
  ended.type = EventType::run_ended;
  ended.run = row.id;
  ended.epoch = world_.journal.epoch();
  ended.rc = exit_code;
  ended.ok = exit_code == 0;
  ended.note = why;
  row.state = exit_code == 0 ? "completed" : exit_code == 3 ? "needs-operator" : exit_code == 5 ? "refused" : "failed";
  row.outcome = std::move(why);
  row.exit_code = exit_code;
  row.ended_ms = world_.clock.now_ms();
  spdlog::info("run {} ended with {}: {}", row.id, exit_code, row.outcome);
  std::vector<Event> events;
  events.push_back(std::move(ended));
  std::vector<RecordWrite> rows;
  if (exit_code == 3) rows.emplace_back(block_of(row, row.outcome));
  rows.emplace_back(std::move(row));
  co_await world_.journal.append(std::move(events), std::move(rows));
  co_return exit_code;
}

void Engine::launch(RunRow row, std::shared_ptr<Hold> hold) {
  boost::asio::co_spawn(world_.executor, execute(std::move(row), std::move(hold)),
                        [](const std::exception_ptr& error, int) {
                          if (error) std::rethrow_exception(error);
                        });
}

Awaitable<Result<void>> Engine::abort(std::string run, std::string actor, std::string reason) {
  const std::string note = fmt::format("stopped by {}{}{}", show(actor), reason.empty() ? "" : ": ", show(reason));
  if (const auto found = active_.find(run); found != active_.end()) {
    const std::shared_ptr<Run> kept = found->second;
    co_return co_await kept->abort(note);
  }
  const auto row = co_await world_.record.run(run);
  if (!row)
    co_return fail(Kind::not_found, fmt::format("there is no run {}", show(run)), "`belay run list` shows them");
  if (row->state != "running" || row->kind == RunKind::rollback)
    co_return fail(Kind::conflict, fmt::format("run {} is not going forward", run),
                   fmt::format("See `belay run show {}`", run));
  // It is still being planned, or is a rehearsal between or above its parts: it stops where it looks next.
  stopped_[run] = note;
  if (row->kind == RunKind::rehearse)
    for (const auto& [id, part] : active_)
      if (part->row().application == row->application && part->row().environment == row->environment) {
        const std::shared_ptr<Run> kept = part;
        // A part that goes back already needs no word from us.
        (void)co_await kept->abort(note);
        break;
      }
  co_return Result<void>{};
}

Awaitable<void> Engine::stop(std::chrono::seconds patience) {
  stopping_ = true;
  for (const auto& [id, run] : active_) run->stop();
  constexpr std::chrono::milliseconds look_again{50};
  for (std::chrono::milliseconds left = patience; !held_.empty() && left.count() > 0; left -= look_again)
    co_await world_.clock.wait(look_again);
  for (const auto& [key, id] : held_)
    spdlog::warn("stopping while run {} of {} in {} is under way; the next start takes it up", id, key.first,
                 key.second);
}

}  // namespace belay::engine
