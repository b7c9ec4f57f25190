// Hold: one application in one environment, and the hosts a run works on. While it lives, no other run gets them.
#pragma once

#include "daemon/engine/engine.hpp"

namespace belay::engine {

class Engine::Hold {
 public:
  Hold(Engine& engine, std::string application, std::string environment, std::string run)
      : engine_(engine), key_(std::move(application), std::move(environment)), run_(std::move(run)) {
    engine_.held_[key_] = run_;
  }
  ~Hold() {
    engine_.held_.erase(key_);
    for (const std::string& host : hosts_) engine_.held_hosts_.erase(host);
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  // Adds hosts; Kind::conflict when another run works on one of them. Adding what is held already is fine.
  [[nodiscard]] Result<void> add(const Plan& plan) {
    for (const PlanHost& host : plan.hosts) {
      const std::string& name = host.host.name;
      const auto [at, fresh] = engine_.held_hosts_.try_emplace(name, run_);
      if (fresh) hosts_.insert(name);
      if (at->second != run_)
        return fail(Kind::conflict, "run " + at->second + " is working on " + name,
                    "Wait for it: `belay run watch " + at->second + "`");
    }
    return {};
  }

 private:
  Engine& engine_;
  std::pair<std::string, std::string> key_;
  std::string run_;
  std::set<std::string> hosts_;
};

}  // namespace belay::engine
