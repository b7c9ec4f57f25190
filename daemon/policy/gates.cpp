#include "daemon/policy/gates.hpp"

#include <fmt/format.h>

namespace belay::policy {
namespace {

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (std::size_t i = 0; i < list.size() && i < 5; ++i) out += (i == 0 ? "" : "; ") + list[i];
  if (list.size() > 5) out += fmt::format("; and {} more", list.size() - 5);
  return out;
}

std::string how_to_rehearse(const std::vector<std::string>& places) {
  if (places.empty())
    return "There is no environment of tier test to rehearse it in: add one to environments.yaml, then `belay rehearse "
           "FILE -e` and its name";
  std::string out = fmt::format("Rehearse it: `belay rehearse FILE -e {}`", places.front());
  for (std::size_t i = 1; i < places.size(); ++i) out += fmt::format("{} {}", i == 1 ? ", or -e" : ",", places[i]);
  return out;
}

}  // namespace

std::vector<Gate> gates(const Facts& facts, const Environment& environment) {
  const Rules& rules = environment.rules;
  std::vector<Gate> out;
  if (rules.signature)
    out.push_back(
        {"KY-process", !facts.signer.empty(),
         fmt::format("{} takes only packages signed by a key of its signers", facts.environment),
         "Sign it: `belay package sign FILE --key KEY`, with a key that the environment's `signers` file lists"});
  if (!facts.rehearsal_run && rules.rehearsal)
    out.push_back({"KY-3", facts.rehearsed,
                   fmt::format("{} needs a passing rehearsal (deploy, roll back, prove, deploy) of package {}{}",
                               facts.environment, facts.package,
                               facts.rehearsal_tried.empty() ? "" : ": " + facts.rehearsal_tried),
                   how_to_rehearse(facts.rehearsable_in)});
  if (!facts.rehearsal_run && !rules.direct)
    out.push_back({"KY-5", false, fmt::format("{} takes no package without an approved change", facts.environment),
                   "Set `require: {direct: true}` for the environment if releases may be deployed without one"});
  if (!facts.needs_operator.empty())
    out.push_back(
        {"KY-rollback", false,
         fmt::format("run {} left hosts of {} that are not proven to be back: nothing is deployed over them",
                     facts.needs_operator, facts.environment),
         fmt::format(
             "See what differs: `belay proof {}`. Put it back: `belay rollback {}`; or put it right by hand and "
             "say so: `belay block lift {} -e {} --reason …`",
             facts.needs_operator, facts.way_back, facts.left_by, facts.environment)});
  out.push_back({"KY-rollback", facts.blocked_by.empty(),
                 fmt::format("package {} failed in {} in run {} and is blocked there", facts.package, facts.environment,
                             facts.blocked_by),
                 fmt::format("Find out why, then lift it: `belay block lift {} -e {} --reason …`", facts.package,
                             facts.environment)});
  if (!rules.allow_irreversible)
    out.push_back(
        {"KY-2", facts.irreversible_steps.empty(),
         fmt::format("{} takes no step without a way back: {}", facts.environment, joined(facts.irreversible_steps)),
         "Give the step `touches` or `undo`, or allow it: `require: {allow_irreversible: true}` for the environment"});
  if (rules.refuse_drift)
    out.push_back(
        {"MA-8.1.5", facts.drifted.empty(),
         fmt::format("hosts of {} differ from their baseline: {}", facts.environment, joined(facts.drifted)),
         "Look with `belay diff APP -e ENV`; put it right on the host, or accept it by deploying the baseline again"});
  return out;
}

}  // namespace belay::policy
