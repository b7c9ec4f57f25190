#include "cli/standing_text.hpp"

#include <fmt/format.h>

namespace belay::cli {
namespace {

constexpr std::size_t most_differences = 20;

std::string line(std::string_view label, std::string_view text) { return fmt::format("    {:<10}{}\n", label, text); }

std::string token_text(const std::string& token) {
  if (token.empty()) return "not known: the way back did not get that far, or lost the host";
  if (token == "armed") return "armed: the step was never committed, and its way back has not begun to write";
  if (token == "committed") return "committed: the step stands, and its way back has not begun to write";
  if (token == "firing") return "firing: the way back has begun and is not at its end";
  if (token == "restored") return "restored: it was put back";
  return token;
}

std::string differences_text(const RunView::Stands& step) {
  if (!step.looked) return line("differs", "not looked at: the way back did not get that far, or lost the host");
  if (step.differences.empty()) return line("differs", "nothing, as far as it was looked at");
  std::string out;
  for (std::size_t i = 0; i < step.differences.size() && i < most_differences; ++i)
    out += line(i == 0 ? "differs" : "", step.differences[i]);
  if (step.differences.size() > most_differences)
    out += line("", fmt::format("and {} more: belay proof has all", step.differences.size() - most_differences));
  return out;
}

std::string step_text(const RunView::Stands& step, const RunView::Standing& host, const Paint& paint) {
  std::string out = fmt::format("  {}\n", paint(Colour::bold, fmt::format("step {} {}", step.step, step.name)));
  if (!step.note.empty()) out += line("why", step.note);
  out += differences_text(step);
  out += line("token", token_text(step.token));
  out += line("snapshot", fmt::format("{} on {}", step.snapshot, host.host));
  out += line("copy", step.copy ? "the daemon holds a sealed copy, and uses it when the host's snapshot is damaged"
                                : "none: what stands on the host is the only one");
  out += line("look", fmt::format("cat {}/MANIFEST", step.snapshot));
  out += line("", fmt::format("cd {} && sha256sum -c SUMS", step.snapshot));
  return out;
}

}  // namespace

std::string standing_text(const RunView& view, const Paint& paint) {
  if (view.standing.empty()) return {};
  // A part of a rehearsal names the rehearsal in `of`; what is gone back from is the part.
  const std::string& run = view.kind == "rollback" ? view.of : view.id;
  std::string out = paint(Colour::red, "NOT PROVEN TO BE BACK. Nothing was deleted, on no host.") + "\n";
  for (const RunView::Standing& host : view.standing) {
    out += fmt::format("\n{}  {}\n", paint(Colour::bold, host.host),
                       host.reach.empty() ? "on the daemon's own machine" : host.reach);
    if (host.steps.empty()) out += line("why", host.note);
    for (const RunView::Stands& step : host.steps) out += step_text(step, host, paint);
  }
  out += fmt::format(
      "\nTo go on, one of these:\n"
      "  belay rollback {0}\n"
      "      the way back again, as often as needed; when a cause is put right first (room, a service, a copy of the\n"
      "      snapshot), it comes to its end\n"
      "  belay diff {1} -e {2}\n"
      "  belay block lift {3} -e {2} --reason 'put right by hand: …'\n"
      "      when you have put the hosts right by hand; the reason stays in the record\n\n",
      run, view.application, view.environment, view.package.substr(0, 12));
  return out;
}

}  // namespace belay::cli
