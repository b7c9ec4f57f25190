// The engine: starts runs, keeps them apart, and takes up at start what an earlier daemon left.
//
// Loop thread only. One run per application and environment, one run per host; everything else may happen at once.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

#include "daemon/engine/control.hpp"
#include "daemon/engine/run.hpp"
#include "daemon/engine/world.hpp"

namespace belay::engine {

class Engine final : public Control {
 public:
  explicit Engine(World world);

  // Takes up every run that the record says is running. Returns how many; they go on in the background.
  [[nodiscard]] Awaitable<std::size_t> recover();
  // Begins nothing more, waits until what is under way on the hosts has ended or `patience` is over.
  [[nodiscard]] Awaitable<void> stop(std::chrono::seconds patience);
  [[nodiscard]] std::size_t running() const { return held_.size(); }

  Awaitable<Result<std::string>> start(StartRequest request) override;
  Awaitable<Result<void>> abort(std::string run, std::string actor, std::string reason) override;
  Awaitable<Result<std::string>> plan(std::string package, std::string environment) override;
  Awaitable<Result<std::string>> view(std::string run) override;
  Awaitable<Result<std::string>> proof(std::string run) override;
  Awaitable<Result<std::string>> check(std::string environment) override;
  Awaitable<Result<std::string>> guard(std::string host, GuardVerb verb, std::string actor) override;
  Awaitable<Result<std::string>> drift(std::string application, std::string environment, std::string against) override;

 private:
  // One application in one environment, and the hosts a run works on. Released when it goes.
  class Hold;

  // engine_start.cpp
  [[nodiscard]] Awaitable<Result<RunRow>> prepare_row(const StartRequest& request, const Environment& environment);
  [[nodiscard]] Awaitable<Result<void>> check_gates(RunRow& row, const Environment& environment);
  // The run that the same request started before, if there is one.
  [[nodiscard]] Awaitable<Result<std::optional<std::string>>> asked_before(const StartRequest& request);
  // `asked` as in StartRequest.
  [[nodiscard]] Awaitable<void> create(const RunRow& row, const Digest& asked = {});
  [[nodiscard]] Awaitable<int> end_early(RunRow row, int exit_code, std::string why);
  void launch(RunRow row, std::shared_ptr<Hold> hold);

  // engine_run.cpp: each drives one created run to its end and returns its exit code.
  [[nodiscard]] Awaitable<int> execute(RunRow row, std::shared_ptr<Hold> hold);
  [[nodiscard]] Awaitable<int> deploy(RunRow row, std::shared_ptr<Hold> hold);
  [[nodiscard]] Awaitable<int> roll_back(RunRow row, std::shared_ptr<Hold> hold);
  [[nodiscard]] Awaitable<int> rehearse(RunRow row, std::shared_ptr<Hold> hold);
  [[nodiscard]] Awaitable<int> resume(RunRow row, std::shared_ptr<Hold> hold);
  [[nodiscard]] Awaitable<int> drive(RunRow row, const Plan& plan, std::shared_ptr<Hold> hold, Links links = {});
  [[nodiscard]] Awaitable<void> planned(RunRow& row, const Plan& plan, const std::string& digest);
  [[nodiscard]] Awaitable<int> leg(const RunRow& rehearsal, int number, const std::string& first_leg,
                                   std::shared_ptr<Hold> hold);
  [[nodiscard]] Awaitable<int> finish_rehearsal(RunRow row, int failed_leg, int code);

  // view.cpp
  [[nodiscard]] Awaitable<nlohmann::json> part_document(const Event& started, const RunRow& part);

  // engine_plan.cpp
  struct Planned {
    Plan plan;
    PackageContents contents;
    Links links;  // to the hosts of the plan, in its order
    std::vector<std::map<std::string, std::string>> facts;
  };
  // Connects to every host of the plan, reads facts, makes the plan.
  [[nodiscard]] Awaitable<Result<Planned>> make_plan_for(const std::string& package, const Environment& environment);
  [[nodiscard]] Awaitable<Result<nlohmann::json>> uat_baseline(const RunRow& row, bool proven);
  [[nodiscard]] Awaitable<Result<Plan>> load_plan(const std::string& digest);
  [[nodiscard]] Awaitable<Result<Baselines>> baselines_for(const RunRow& row, const Plan& plan);

  World world_;
  int generation_ = 0;
  bool stopping_ = false;
  std::map<std::string, std::string> stopped_;          // run id → who stopped it before it was active, and why
  std::map<std::string, std::shared_ptr<Run>> active_;  // run id → run
  std::map<std::pair<std::string, std::string>, std::string> held_;  // application, environment → run id
  std::map<std::string, std::string> held_hosts_;                    // host → run id
};

}  // namespace belay::engine
