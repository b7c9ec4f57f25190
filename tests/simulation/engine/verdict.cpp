// The verdict of a run against what stands on the hosts when everything has come to rest.
#include <fmt/format.h>

#include "tests/simulation/engine/scenery.hpp"
#include "tests/simulation/engine/story.hpp"

namespace belay::simulated {
namespace {

std::string state(const std::optional<std::string>& content) { return content ? "f " + *content : "-"; }

}  // namespace

void Story::check() const {
  const bool back = plot_.kind == Kind::rollback;
  const bool begun = !ledger_.run().empty() && (!back || ledger_.run() != deployment_);
  if (!begun) {
    for (const auto& [name, one] : network_.hosts) check_host(*one, -1);
    return;
  }
  if (!ledger_.ended()) {
    // Nobody is left to end it: the hosts are on their own (class A).
    for (const auto& [name, one] : network_.hosts) check_host(*one, 3);
    return;
  }
  const int code = ledger_.exit_code();
  const auto expect = [&](bool holds, const std::string& what) {
    if (!holds) throw Violation(fmt::format("I16: the run ended with {}, but {}", code, what));
  };
  expect(code == 0 || code == 1 || code == 2 || code == 3 || code == 4 || code == 5, "that is no exit code of a run");
  expect(code != 3 || setting_.hard, "nothing stood in the way of a full way back");
  expect(code != 2 || !back, "a rollback that was proven ends with 0");
  expect((code != 1 && code != 4 && code != 5) || !ledger_.has(EventType::run_started), "it had begun to touch hosts");
  for (const auto& [name, one] : network_.hosts) check_host(*one, code);
}

void Story::check_host(const Host& host, int code) const {
  const auto expect = [&](bool holds, const char* invariant, const std::string& what) {
    if (!holds)
      throw Violation(fmt::format("{}: the run ended with {}, but on {} {}", invariant, code, host.name(), what));
  };
  const bool back = plot_.kind == Kind::rollback;
  if (!setting_.switches.no_fence)
    expect(host.epoch() >> 20 <= starts_, "I6", fmt::format("the epoch is {}", host.epoch()));
  expect(!host.working(), "I10", "something is still at work");
  for (int step = 1; step <= steps; ++step) {
    const File& file = files()[static_cast<std::size_t>(step) - 1];
    const std::string dir = directory(step);
    const auto found = host.truth().find(dir);
    const StepTruth none;
    const StepTruth& truth = found == host.truth().end() ? none : found->second;
    const std::string token = host.token(dir);
    const std::string where = fmt::format("step {} ", step);
    // I10 for class A: whatever became of the daemon, the host came to an end by itself.
    if (host.guarded(dir) && host.boot_hook)
      expect(
          token == "committed" || token == "restored" || token == "none" || host.disk.exists(dir + "/needs-operator"),
          "I10", where + "is still " + token);
    if (host.edited.contains(file.path)) continue;
    const std::string now = host.state_of(file.path);
    if (code == 0 && !back) {
      expect(now == state(file.after), "I16", where + "is not new");
      expect(token == "committed", "I7", where + "has the token " + token);
    } else if (code == 2 || code == 0) {
      expect(now == state(file.before), "I8", where + "is not as it was");
      expect(!truth.begun || token != "committed", "I7", where + "has the token committed");
    } else if (code == 3) {
      // Not every step need be touched; where one is, its way back still stands.
      const bool as_it_was = now == state(file.before);
      expect(as_it_was || host.troubled || no_more_daemons, "I16",
             where + "is not as it was, and nothing stood in the way");
      expect(as_it_was || truth.damaged || host.snapshot_intact(dir), "I14", where + "has lost its snapshot");
    } else {
      expect(now == state(back ? std::optional(file.after) : file.before), "I16", where + "was touched");
      expect(back || !truth.begun, "I16", where + "was begun");
    }
  }
}

}  // namespace belay::simulated
