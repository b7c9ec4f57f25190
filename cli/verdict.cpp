#include "cli/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace belay::cli {
namespace {

// More differences than that are a list of their own: `belay proof`.
constexpr std::size_t most_differences = 10;
constexpr int label_columns = 16;

struct Title {
  std::string text;
  Colour colour;
};

Title title_of(const RunView& view) {
  switch (view.exit_code) {
    case 0:
      if (view.kind == "rollback") return {"PUT BACK, PROVEN", Colour::green};
      if (view.kind == "rehearse") return {"REHEARSED: THE WAY BACK WORKS", Colour::green};
      return {"DONE, VERIFIED", Colour::green};
    case 2:
      return {"FAILED, ROLLED BACK, PROVEN", Colour::yellow};
    case 3:
      return {"ROLLBACK INCOMPLETE OR NOT PROVEN", Colour::red};
    case 4:
      return {"HOSTS UNREACHABLE", Colour::red};
    case 5:
      return {"REFUSED BY POLICY", Colour::red};
    case 6:
      return {"WAITING FOR APPROVAL OR WINDOW", Colour::yellow};
    default:
      return {"FAILED", Colour::red};
  }
}

std::vector<std::string> hosts_in(const RunView& view, std::initializer_list<std::string_view> states) {
  std::vector<std::string> out;
  for (const HostView& host : view.hosts) {
    if (std::ranges::find(states, host.state) != states.end()) out.push_back(host.name);
  }
  return out;
}

bool touched(const HostView& host) {
  return std::ranges::any_of(host.steps,
                             [](const StepView& step) { return step.phase != "planned" && step.phase != "skipped"; });
}

// Steps of the playbook that stand on at least one host.
std::size_t steps_done(const RunView& view) {
  return static_cast<std::size_t>(std::ranges::count_if(view.steps, [&](const RunView::Step& step) {
    return std::ranges::any_of(view.hosts, [&](const HostView& host) {
      return std::ranges::any_of(host.steps,
                                 [&](const StepView& on) { return on.step == step.step && on.phase == "committed"; });
    });
  }));
}

std::string deployed(std::size_t steps, std::size_t hosts) {
  return fmt::format("{} on {}, all verified", count_of(steps, "step", "steps"), count_of(hosts, "host", "hosts"));
}

// The places a person must look at: parts that did not go well, steps that carry a note of their own, else hosts that
// do.
std::vector<std::string> places(const RunView& view) {
  std::vector<std::string> out;
  for (const RunView::Leg& leg : view.legs) {
    if (leg.exit_code > 0)
      out.push_back(fmt::format("part {}, {}, run {}: {}", leg.part, leg.what, leg.run, leg.outcome));
  }
  for (const HostView& host : view.hosts) {
    bool said = false;
    for (const StepView& step : host.steps) {
      if (step.note.empty() || step.phase == "skipped") continue;
      out.push_back(fmt::format("{}, step {} {}: {}", host.name, step.step, view.step_name(step.step), step.note));
      said = true;
    }
    if (!said && !host.note.empty()) out.push_back(fmt::format("{}: {}", host.name, host.note));
  }
  return out;
}

// What a run that went well came across: drift it was allowed to accept, changes of others that it kept a copy of.
std::vector<std::string> noticed(const RunView& view) {
  std::vector<std::string> out;
  for (const HostView& host : view.hosts) {
    if (!host.note.empty()) out.push_back(fmt::format("{}: {}", host.name, host.note));
  }
  return out;
}

// A rehearsal is runs of its own, one after the other: what each of them did.
std::vector<std::string> did_in_parts(const RunView& view) {
  std::vector<std::string> out;
  for (const RunView::Leg& leg : view.legs) {
    const std::string hosts = count_of(leg.hosts, "host", "hosts");
    std::string what = fmt::format("did not come to its end; see: belay run show {}", leg.run);
    if (leg.exit_code == 0 && leg.kind == "deploy") {
      what = deployed(leg.steps, leg.hosts);
    } else if (leg.hosts > 0 && (leg.exit_code == 0 || leg.exit_code == 2)) {
      what =
          fmt::format("{}{} put back, each proven equal to its snapshot", leg.exit_code == 2 ? "failed; " : "", hosts);
    } else if (leg.exit_code == 2) {
      what = "failed before any host was changed";
    } else if (leg.exit_code == 3) {
      what = "NOT every host is proven to be back; every snapshot is kept";
    }
    out.push_back(fmt::format("{} {}: {}", leg.part, leg.what, what));
  }
  return out;
}

std::string did(const RunView& view) {
  const auto touched_hosts = static_cast<std::size_t>(std::ranges::count_if(view.hosts, touched));
  const auto back = hosts_in(view, {"back"});
  const auto open = hosts_in(view, {"needs-operator", "lost", "going-back"});
  if (view.exit_code == 0 && view.kind == "rollback")
    return fmt::format("put {} back; each is proven equal to its snapshot", count_of(back.size(), "host", "hosts"));
  if (view.exit_code == 0) return deployed(steps_done(view), touched_hosts);
  if (touched_hosts == 0) return "nothing: no host was touched";
  if (view.exit_code == 2) return fmt::format("put {} back; each is proven equal to its snapshot", names(back));
  std::string text;
  if (!back.empty()) text = fmt::format("put {} back, proven; ", names(back));
  if (!open.empty()) return text + fmt::format("NOT back: {}; every snapshot is kept", names(open));
  return text + "kept every snapshot";
}

std::vector<std::string> advice(const RunView& view) {
  if (!view.next.empty()) return view.next;
  switch (view.exit_code) {
    case 0:
      return view.kind == "deploy" ? std::vector{fmt::format("To take it back: belay rollback {}", view.id)}
                                   : std::vector<std::string>{};
    case 2:
      return {fmt::format("See why: belay logs {}", view.id), fmt::format("The proof: belay proof {}", view.id)};
    case 3:
      return {fmt::format("Every difference: belay proof {}", view.id),
              fmt::format("What the hosts said: belay logs {}", view.id)};
    case 4:
      return {fmt::format("Check the hosts: belay env check {}", view.environment)};
    default:
      return {fmt::format("Details: belay run show {}", view.id)};
  }
}

void add(std::vector<std::string>& lines, std::string_view label, const std::vector<std::string>& texts,
         const Canvas& canvas) {
  const int room = std::max(canvas.columns - label_columns - 2, 20);
  bool first = true;
  for (const std::string& text : texts) {
    for (const std::string& line : wrapped(text, room)) {
      lines.push_back("  " + canvas.paint(Colour::bold, fit(first ? label : "", label_columns)) + line);
      first = false;
    }
  }
}

}  // namespace

std::vector<std::string> verdict(const RunView& view, const Canvas& canvas) {
  const Title title = title_of(view);
  const int rule = std::min(canvas.columns, 72);
  std::string line;
  for (int i = 0; i < rule; ++i) line += canvas.utf8 ? "─" : "-";
  std::vector<std::string> lines{canvas.paint(title.colour, line)};
  const std::string time = view.ended_ms > 0 ? duration(view.ended_ms - view.created_ms) : "";
  lines.push_back(canvas.paint(title.colour, title.text) + fmt::format("   {} {} {}   {}", view.what(),
                                                                       view.kind == "rollback" ? "on" : "to",
                                                                       view.environment, time));
  if (!view.outcome.empty()) add(lines, "What happened", {view.outcome}, canvas);
  auto where = view.exit_code == 0 ? std::vector<std::string>() : places(view);
  if (where.size() > most_differences) {
    const std::size_t more = where.size() - most_differences;
    where.resize(most_differences);
    where.push_back(fmt::format("and {} more: belay run show {}", more, view.id));
  }
  add(lines, "Where", where, canvas);
  if (view.exit_code == 0) add(lines, "Noticed", noticed(view), canvas);
  auto differences = view.differences;
  if (differences.size() > most_differences) {
    const std::size_t more = differences.size() - most_differences;
    differences.resize(most_differences);
    differences.push_back(fmt::format("and {} more: belay proof {}", more, view.id));
  }
  add(lines, "Different", differences, canvas);
  add(lines, "Belay did", view.legs.empty() ? std::vector{did(view)} : did_in_parts(view), canvas);
  add(lines, "To do", advice(view), canvas);
  add(lines, "Run", {view.id}, canvas);
  lines.push_back(canvas.paint(title.colour, line));
  return lines;
}

}  // namespace belay::cli
