#include "tests/e2e/siege.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>
#include <sstream>

#include "tests/support/sshd/sshd.hpp"

namespace belay::test {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::IsEmpty;

namespace {

// The dead-man's time is the shortest there is, so that a test can wait for it.
const std::vector<Place> places = {
    {.name = "dev", .hosts = 2},
    {.name = "prod",
     .tier = "production",
     .hosts = 2,
     .more = "require: {direct: true, rehearsal: false}\ndead_man: 10s\ncopy_snapshots: true\n"}};

// Four kinds of steps in dev; two steps in prod, where each costs more: it is guarded and copied.
Release release_for(const std::string& environment, const std::string& version, const std::string& more = {}) {
  return environment == "dev" ? shop(version, more) : note(version, counts + more);
}

bool has(const TrainHost& host, const std::string& version) {
  return host.name.starts_with("dev") ? stands(host, version) : slurp(host.app / "note") == "note " + version + "\n";
}

std::string breaks_on(const std::string& host) {
  return "- name: Break\n  command: {run: [sh, -c, 'echo broken >\"$1/data/broken\"; exit 7', sh, \"{{ root }}\"], "
         "touches: [\"{{ root }}/data\"]}\n  when: host == \"" +
         host + "\"\n";
}

std::vector<json> events_of(const Train& train, const std::string& run) {
  std::istringstream stream(test::run({"/usr/bin/curl", "-sSN", "--max-time", "60", "--unix-socket",
                                       train.directory() / "belayd.sock", "http://belay/v1/runs/" + run + "/events"}));
  std::vector<json> out;
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with("data: ")) out.push_back(json::parse(line.substr(6)));
  return out;
}

std::vector<fs::path> steps_on(const TrainHost& host) {
  std::vector<fs::path> out;
  std::error_code none;
  for (const auto& run : fs::directory_iterator(host.base / "runs", none))
    for (const auto& step : fs::directory_iterator(run.path(), none))
      if (step.is_directory(none)) out.push_back(step.path());
  return out;
}

bool belongs(const TrainHost& host, const std::string& environment) { return host.name.starts_with(environment); }

}  // namespace

Siege::Siege(unsigned seed) : train_(places), random_(seed) {
  train_.start();
  train_.stop();
  calibrate();
}

std::string Siege::count() const {
  return fmt::format("{} kills: {} new, {} back, {} operator", kills(), news_, backs_, operators_);
}

Tree Siege::tree(const std::string& environment) const {
  Tree out;
  for (const TrainHost& host : train_.hosts())
    if (belongs(host, environment))
      for (auto& [path, entry] : tree_of(host.app)) out[host.name + "/" + path] = entry;
  return out;
}

// The first deployment everywhere, with every call counted: its points have numbers from here on.
void Siege::calibrate() {
  const fs::path trace = train_.directory() / "calls";
  train_.start(counting_calls(trace), traced);
  const Calls at_start = calls_in(trace);
  for (const Place& place : places) {
    Stand stand{.trees = {tree(place.name)}, .versions = {""}, .before = at_start};
    Calls before = calls_in(trace);
    const auto began = Clock::now();
    const Outcome first =
        train_.belay({"deploy", train_.build(release_for(place.name, "1.0"), train_.signer()), "-e", place.name});
    if (first.code != 0) throw std::runtime_error(first.all() + train_.log());
    stand.usual = Clock::now() - began;
    for (const auto& [call, number] : calls_in(trace)) stand.in_it[call] = number - before[call];
    stand.trees.push_back(tree(place.name));
    stand.versions.emplace_back("1.0");
    stands_[place.name] = std::move(stand);
  }
  train_.stop();
  train_.start();
}

std::optional<KillPoint> Siege::point_in(const Stand& stand) {
  std::vector<std::string> calls;
  for (const auto& [call, number] : stand.in_it)
    if (number > 0) calls.push_back(call);
  const std::string call = calls[below(static_cast<unsigned>(calls.size()))];
  const auto before = stand.before.find(call);
  return KillPoint{call, (before == stand.before.end() ? 0 : before->second) + 1 + below(stand.in_it.at(call))};
}

// Starts belayd, to die at this point. When that comes before it is ready it is started once more, to live.
void Siege::start_at(const KillPoint& point) {
  try {
    train_.start(killing_at(point), traced);
    pending_ = true;
    return;
  } catch (const std::runtime_error&) {
    // Whatever else kept it from coming up keeps it from coming up the second time, too.
    ++struck_;
  }
  train_.start();
}

// A point that was not reached must not be reached while somebody looks at what is left.
void Siege::calm() {
  if (!train_.up()) {
    train_.kill();
    ++struck_;
  } else if (pending_) {
    train_.stop();
  } else {
    return;
  }
  pending_ = false;
  train_.start();
}

void Siege::strike_at_random(const Stand& stand) {
  const double part = std::uniform_real_distribution(0.0, 1.1)(random_);
  train_.kill_after(std::chrono::duration_cast<std::chrono::nanoseconds>(stand.usual * part));
}

// With belayd dead for long, no host stays with a step that was applied and not committed.
void Siege::stay_away(const std::string& environment) {
  const auto open = [&] {
    for (const TrainHost& host : train_.hosts())
      if (belongs(host, environment))
        for (const fs::path& step : steps_on(host))
          if (fs::exists(step / "apply.start") && (fs::exists(step / "armed") || fs::exists(step / "firing")))
            return true;
    return false;
  };
  ASSERT_TRUE(until([&] { return !open(); })) << "a host of " << environment << " does not help itself";
}

// belayd is dead: it comes back, perhaps late, perhaps to die once more.
void Siege::recover(const std::string& environment, const Stand& stand) {
  train_.kill();  // reaps it
  ++struck_;
  pending_ = false;
  if (environment == "prod" && below(8) == 0) stay_away(environment);
  if (below(3) != 0) {
    train_.start();
  } else if (below(2) == 0) {
    train_.start();
    strike_at_random(stand);
    ++struck_;
    train_.start();
  } else {
    KillPoint point = *point_in(stand);
    point.number = 1 + below(point.number);
    start_at(point);
  }
}

std::string Siege::newest(const std::string& environment) {
  for (const json& one : train_.json({"run", "list"})["items"])
    if (one["environment"] == environment) return one["id"];
  return {};
}

// The journal tells what happened: every intent once, and an end that fits what stands.
void Siege::look_at_audit(const std::string& run, int code, Kind kind) {
  const std::vector<json> events = events_of(train_, run);
  ASSERT_FALSE(events.empty());
  std::set<std::string> applied;
  std::set<std::string> committed;
  std::set<std::string> proven;
  int ends = 0;
  for (const json& event : events) {
    const std::string type = event["type"];
    const std::string step = fmt::format("{} {}", event["host"].get<std::string>(), event["step"].get<int>());
    if (type == "apply-intent") EXPECT_TRUE(applied.insert(step).second) << step << " was begun twice";
    if (type == "committed") committed.insert(step);
    if (type == "rollback-proven" && event["ok"] == true) proven.insert(step);
    if (type == "run-ended") ++ends;
  }
  EXPECT_EQ(ends, 1);
  EXPECT_EQ(events.back()["type"], "run-ended");
  EXPECT_EQ(events.back()["rc"], code) << events.back();
  if (kind != Kind::rollback && code == 0) EXPECT_EQ(applied, committed);
  if (kind != Kind::rollback && code == 2)
    for (const std::string& step : applied) EXPECT_TRUE(proven.contains(step)) << step << " is not proven to be back";
  const json shown = train_.json({"run", "show", run});
  EXPECT_EQ(shown["run"]["exit_code"], code);
  const json list = train_.json({"run", "list"})["items"];
  const auto listed = std::ranges::find_if(list, [&](const json& one) { return one["id"] == run; });
  ASSERT_NE(listed, list.end());
  EXPECT_EQ(*listed, shown["run"]) << "the list and the run say different things";
  if (code == 2 || (kind == Kind::rollback && code == 0))
    EXPECT_EQ(train_.json({"proof", run})["proven"], true) << shown.dump(2);
}

// Nothing stands open on a host, and nothing ever ran twice.
void Siege::look_at_hosts(const std::string& environment) {
  for (const TrainHost& host : train_.hosts()) {
    if (!belongs(host, environment)) continue;
    for (const fs::path& step : steps_on(host))
      EXPECT_FALSE((fs::exists(step / "armed") && fs::exists(step / "apply.start")) || fs::exists(step / "firing"))
          << step << " is left open";
    std::map<std::string, int> times;
    std::istringstream lines(executions(host));
    for (std::string line; std::getline(lines, line);) ++times[line];
    for (const auto& [line, count] : times)
      EXPECT_EQ(count, 1) << line << " ran " << count << " times on " << host.name;
  }
}

void Siege::look(const std::string& environment, Kind kind, const std::string& version, const std::string& run,
                 int code) {
  Stand& stand = stands_[environment];
  Tree now = tree(environment);
  if (kind == Kind::rollback && !run.empty()) {
    EXPECT_EQ(code, 0) << "a way back is never given up";
    stand.trees.pop_back();
    stand.versions.pop_back();
  } else if (kind == Kind::deploy && code == 0) {
    for (const TrainHost& host : train_.hosts()) {
      if (!belongs(host, environment)) continue;
      EXPECT_TRUE(has(host, version)) << host.name;
      EXPECT_THAT("\n" + executions(host), testing::HasSubstr("\n" + version + "\n")) << host.name;
    }
    stand.trees.push_back(now);
    stand.versions.push_back(version);
  } else if (!run.empty()) {
    // 1: it had not touched anything yet; 2: it went back.
    EXPECT_THAT(code, testing::AnyOf(1, 2));
  }
  (kind == Kind::deploy && code == 0 ? news_ : backs_) += struck_;
  for (const auto& [name, other] : stands_)
    EXPECT_THAT(differences(other.trees.back(), tree(name)), IsEmpty()) << "in " << name;
  EXPECT_EQ(train_.json({"baseline", "show", "shop", "-e", environment})["version"], stand.versions.back());
  EXPECT_EQ(train_.belay({"diff", "shop", "-e", environment}).code, 0);
  EXPECT_EQ(train_.json({"status"})["runs_running"], 0);
  if (!run.empty()) look_at_audit(run, code, kind);
  look_at_hosts(environment);
}

bool Siege::round() {
  const std::string environment = ++rounds_ % 2 == 0 ? "prod" : "dev";
  Stand& stand = stands_[environment];
  const bool deep = stand.trees.size() > 2;
  const Kind kind = deep && below(3) == 0 ? Kind::rollback : below(3) == 0 ? Kind::failing : Kind::deploy;
  const std::string version = fmt::format("2.{}", rounds_);
  const std::string more = kind == Kind::failing ? breaks_on(environment + "2") : "";
  Words words{"rollback", "shop", "-e", environment, "--detach"};
  if (kind != Kind::rollback)
    words = {"deploy", train_.build(release_for(environment, version, more), train_.signer()), "-e", environment,
             "--detach"};
  std::optional<KillPoint> point;
  if (below(2) == 0) point = point_in(stand);
  const char* const what = kind == Kind::deploy ? "deploy" : kind == Kind::failing ? "failing deploy" : "rollback";
  const std::string how = point ? point->text() : "at a random instant";
  const testing::ScopedTrace where(__FILE__, __LINE__,
                                   fmt::format("round {}: {} in {}, killed {}", rounds_, what, environment, how));
  struck_ = 0;
  const std::string last = newest(environment);
  if (point) {
    train_.stop();
    start_at(*point);
  }
  const Outcome asked = train_.belay(words);
  std::string run = asked.out.substr(0, asked.out.find('\n'));
  if (!point) {
    EXPECT_EQ(asked.code, 0) << asked.all() << train_.log();
    strike_at_random(stand);
  }
  // Nobody answered: whether there is a run is up to the journal.
  if (asked.code != 0) {
    EXPECT_TRUE(until([&] { return !train_.up(); })) << asked.all() << train_.log();
    recover(environment, stand);
    calm();
    run = newest(environment) == last ? "" : newest(environment);
  }
  int code = 1;
  std::string told;
  if (!run.empty()) {
    Child watch = train_.begin({"run", "watch", run});
    while (watch.running()) {
      static_cast<void>(until([&] { return !train_.up() || !watch.running(); }));
      if (train_.up()) continue;
      recover(environment, stand);
    }
    const Outcome watched = watch.finish();
    code = watched.code;
    told = watched.all();
  }
  calm();
  const testing::ScopedTrace said(__FILE__, __LINE__, told);
  look(environment, kind, version, run, code);
  if (testing::Test::HasFailure()) ADD_FAILURE() << train_.log();
  return !testing::Test::HasFailure();
}

bool Siege::operator_round() {
  const std::string version = fmt::format("2.{}", ++rounds_);
  const TrainHost& host = train_.host("dev2");
  fs::remove(host.outside / "holding");
  const std::string run = train_.detached({"deploy", train_.build(shop(version, holds_on("dev2"))), "-e", "dev"});
  EXPECT_TRUE(until([&] { return slurp(host.outside / "holding").ends_with("\n"); })) << train_.log();
  train_.kill();
  ++operators_;
  const fs::path snapshot = host.base / "runs" / run / "2/snap/0/data.tar";
  const std::string good = slurp(snapshot);
  std::string bad = good;
  bad[bad.size() / 2] ^= 1;
  fs::permissions(snapshot, fs::perms(0600));
  spill(snapshot, bad);
  std::map<std::string, Tree> kept;
  for (const TrainHost& one : train_.hosts())
    for (const fs::path& step : steps_on(one))
      if (step.parent_path().filename() == run) kept[step] = tree_of(step / "snap");
  EXPECT_GE(kept.size(), 9u) << "four steps on each of two hosts, and the one that holds";
  train_.start();
  const Outcome watched = train_.belay({"run", "watch", run});
  EXPECT_EQ(watched.code, 3) << watched.all() << train_.log();
  const json shown = train_.json({"run", "show", run});
  EXPECT_EQ(shown["hosts"][1]["state"], "needs-operator") << shown.dump(2);
  EXPECT_THAT(shown["next"].dump(), testing::HasSubstr("belay rollback " + run));
  for (const auto& [step, was] : kept)
    EXPECT_THAT(differences(was, tree_of(fs::path(step) / "snap")), IsEmpty()) << step;
  EXPECT_EQ(train_.json({"run", "list"})["items"][0]["state"], "needs-operator");
  spill(snapshot, good);
  const Outcome back = train_.belay({"rollback", run});
  EXPECT_EQ(back.code, 0) << back.all() << train_.log();
  EXPECT_THAT(differences(stands_["dev"].trees.back(), tree("dev")), IsEmpty());
  look_at_hosts("dev");
  return !testing::Test::HasFailure();
}

}  // namespace belay::test
