#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace belay::cli {
namespace {

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

bool behind(std::string_view phase) { return one_of(phase, {"skipped", "committed"}); }
bool put_back(std::string_view phase) { return one_of(phase, {"proven"}); }
bool backwards(const HostView& host) { return one_of(host.state, {"going-back", "back", "needs-operator"}); }

Colour colour_of(std::string_view state) {
  if (state == "done") return Colour::green;
  if (one_of(state, {"going-back", "back"})) return Colour::yellow;
  if (one_of(state, {"lost", "failed", "needs-operator"})) return Colour::red;
  return state == "working" ? Colour::cyan : Colour::plain;
}

// Small numbers first: what a person must see.
int urgency(std::string_view state) {
  if (state == "needs-operator") return 0;
  if (one_of(state, {"lost", "failed"})) return 1;
  if (state == "going-back") return 2;
  if (state == "working") return 3;
  if (state == "back") return 4;
  return state == "done" ? 6 : 5;
}

std::string bar(const Done& done, int columns, const Canvas& canvas) {
  const int full = done.of == 0 ? 0 : done.steps * columns / done.of;
  std::string out;
  for (int i = 0; i < columns; ++i) out += i < full ? (canvas.utf8 ? "█" : "#") : (canvas.utf8 ? "░" : "-");
  return out;
}

std::string word_of(const HostView& host, const Done& done) {
  if (!host.note.empty() && one_of(host.state, {"lost", "failed", "needs-operator"})) {
    return host.state == "needs-operator" ? "needs an operator: " + host.note : host.state + ": " + host.note;
  }
  if (host.state == "needs-operator") return "needs an operator";
  if (host.state == "back") return "put back and proven";
  if (one_of(host.state, {"working", "going-back"}) && !done.phase.empty()) return done.phase;
  return host.state;
}

std::string_view phase_words(std::string_view phase) {
  if (phase == "planning") return "making the plan";
  if (phase == "preflight") return "asking the hosts";
  if (phase == "staging") return "staging";
  if (phase == "forward") return "going forward";
  if (phase == "final") return "final check";
  if (phase == "back") return "GOING BACK";
  if (phase == "settling") return "starting services as they were";
  return phase;
}

std::string headline(const RunView& view, std::int64_t now_ms, const Canvas& canvas) {
  std::string where(phase_words(view.phase));
  if (view.phase == "forward" && view.batches > 1) {
    int batch = 0;
    for (const HostView& host : view.hosts) {
      if (!one_of(host.state, {"waiting", "ready"})) batch = std::max(batch, host.batch);
    }
    where += fmt::format(", batch {} of {}", batch + 1, view.batches);
  }
  const std::int64_t end = view.ended_ms > 0 ? view.ended_ms : now_ms;
  const std::string text =
      fmt::format("{} {} {} {}  {}  {}", view.kind, view.what(), view.kind == "rollback" ? "on" : "to",
                  view.environment, where, duration(end - view.created_ms));
  return canvas.paint(view.phase == "back" ? Colour::yellow : Colour::bold, cut(text, canvas.columns, canvas.utf8));
}

std::string host_line(const HostView& host, const RunView& view, const Times& times, std::int64_t now_ms,
                      int name_columns, int step_columns, const Canvas& canvas) {
  const Done done = done_of(host);
  const bool over = one_of(host.state, {"done", "back", "failed", "lost", "needs-operator"});
  const std::string elapsed = times.began_ms == 0 ? "-" : duration((over ? times.last_ms : now_ms) - times.began_ms);
  const int bar_columns = canvas.columns >= 70 ? 16 : canvas.columns >= 50 ? 8 : 0;
  const Colour colour = colour_of(host.state);

  std::string line = fit(host.name, name_columns, canvas.utf8) + "  ";
  int used = name_columns + 2;
  if (bar_columns > 0) {
    line += canvas.paint(colour, bar(done, bar_columns, canvas)) + "  ";
    used += bar_columns + 2;
  }
  const std::string counts =
      fmt::format("{:>5}  {:>5}  ", done.of == 0 ? "-" : fmt::format("{}/{}", done.steps, done.of), elapsed);
  line += counts;
  used += width_of(counts);
  // A very narrow terminal has no bar, so the line is still plain text here.
  if (bar_columns == 0 && used > canvas.columns) return cut(line, canvas.columns, canvas.utf8);
  const std::string step =
      over && host.state != "failed" && host.state != "needs-operator" ? "" : view.step_name(done.current);
  if (step_columns > 0 && canvas.columns - used > step_columns + 12) {
    line += fit(step, step_columns, canvas.utf8) + "  ";
    used += step_columns + 2;
  }
  return line + canvas.paint(colour, cut(word_of(host, done), canvas.columns - used, canvas.utf8));
}

std::string rest_line(const std::vector<const HostView*>& hosts, const Canvas& canvas) {
  std::map<std::string, int> counts;
  for (const HostView* host : hosts) ++counts[host->state];
  std::string what;
  for (const auto& [state, count] : counts) what += fmt::format("{}{} {}", what.empty() ? "" : ", ", count, state);
  return cut(fmt::format("and {} more: {}", hosts.size(), what), canvas.columns, canvas.utf8);
}

}  // namespace

Done done_of(const HostView& host) {
  Done done;
  const bool back = backwards(host);
  for (const StepView& step : host.steps) {
    if (back && one_of(step.phase, {"planned", "skipped"})) continue;  // never touched: nothing to put back
    ++done.of;
    if (back ? put_back(step.phase) : behind(step.phase)) {
      ++done.steps;
      continue;
    }
    // Forward the first open step is the current one, backward the last.
    if (done.current == 0 || back) {
      done.current = step.step;
      done.phase = step.phase == "planned" ? "" : step.phase;
    }
  }
  return done;
}

std::vector<std::string> progress_lines(const RunView& view, const std::map<std::string, Times>& times,
                                        std::int64_t now_ms, const Canvas& canvas) {
  std::vector<std::string> lines{headline(view, now_ms, canvas)};
  std::vector<const HostView*> hosts;
  for (const HostView& host : view.hosts) hosts.push_back(&host);
  const auto room = static_cast<std::size_t>(std::max(canvas.rows - 3, 1));
  std::vector<const HostView*> rest;
  if (hosts.size() > room) {
    // The address keeps the order of the inventory among equals: they all stand in one vector.
    std::ranges::sort(hosts, {}, [](const HostView* host) { return std::pair(urgency(host->state), host); });
    rest.assign(hosts.begin() + static_cast<std::ptrdiff_t>(room - 1), hosts.end());
    hosts.resize(room - 1);
  }
  int name_columns = 4;
  int step_columns = 0;
  for (const HostView& host : view.hosts) name_columns = std::max(name_columns, width_of(host.name));
  for (const RunView::Step& step : view.steps) step_columns = std::max(step_columns, width_of(step.name));
  name_columns = std::min(name_columns, canvas.columns / 4);
  step_columns = std::min(step_columns, canvas.columns / 4);
  for (const HostView* host : hosts) {
    const auto time = times.find(host->name);
    lines.push_back(host_line(*host, view, time == times.end() ? Times{} : time->second, now_ms, name_columns,
                              step_columns, canvas));
  }
  if (!rest.empty()) lines.push_back(rest_line(rest, canvas));
  return lines;
}

namespace {

struct Words {
  std::string text;  // empty: nothing to tell
  Colour colour = Colour::plain;
};

std::string with_note(std::string text, const std::string& note) { return note.empty() ? text : text + ": " + note; }

Words run_words(const EventView& event) {
  if (event.type == "run-planned") return {"the plan is made: " + event.digest.substr(0, 12)};
  if (event.type == "run-started") return {"every host is ready and everything is staged; going forward"};
  if (event.type == "run-abort") return {with_note("asked to stop", event.note), Colour::yellow};
  if (event.type == "run-back") return {with_note("GOING BACK", event.note), Colour::yellow};
  if (event.type == "run-ended")
    return {with_note("the run has ended", event.note), event.rc == 0 ? Colour::green : Colour::red};
  if (event.type == "leg-started") {
    constexpr std::array legs{"deploy", "roll back", "deploy again"};
    const std::string leg =
        event.step >= 1 && event.step <= 3 ? legs[static_cast<std::size_t>(event.step - 1)] : "next";
    return {fmt::format("rehearsal, part {} of 3: {}", event.step, leg), Colour::bold};
  }
  return {};
}

Words host_words(const EventView& event) {
  if (event.type == "host-ready")
    return {with_note("ready", event.note), event.note.empty() ? Colour::plain : Colour::yellow};
  if (event.type == "host-staged") return {"everything is staged"};
  if (event.type == "host-lost") return {with_note("CONNECTION LOST", event.note), Colour::red};
  if (event.type == "host-cut") return {"stopped by Belay: the run turns back"};
  if (event.type == "host-failed") return {with_note("refused", event.note), Colour::red};
  if (event.type == "host-settled" && !event.ok)
    return {with_note("services are not as they were", event.note), Colour::red};
  if (event.type == "host-settled") return {"services run as they did"};
  return {};
}

// Without a status of its own the step never ended: the note says what happened instead.
std::string exit_words(int rc) { return rc > 0 ? fmt::format(" (exit {})", rc) : std::string(); }

Words step_words(const EventView& event) {
  if (event.type == "skipped") return {with_note("skipped", event.note)};
  if (event.type == "apply-done" && event.ok && event.rc == 0) return {"applied", Colour::green};
  if (event.type == "apply-done") return {with_note("FAILED" + exit_words(event.rc), event.note), Colour::red};
  if (event.type == "verify-done" && !event.ok) return {with_note("CHECK FAILED", event.note), Colour::red};
  if (event.type == "probed") return {with_note("found after a lost answer", event.note), Colour::yellow};
  if (event.type == "restored" && (!event.ok || event.rc != 0)) {
    return {with_note("RESTORE FAILED" + exit_words(event.rc), event.note), Colour::red};
  }
  if (event.type == "restored") return {"put back", Colour::yellow};
  if (event.type == "rollback-proven" && event.ok) return {"proven equal to its snapshot", Colour::green};
  if (event.type == "rollback-proven") return {with_note("NOT PROVEN", event.note), Colour::red};
  if (event.type == "needs-operator") return {with_note("NEEDS AN OPERATOR", event.note), Colour::red};
  return {};
}

}  // namespace

std::optional<std::string> event_line(const EventView& event, const RunView& view, const Paint& paint) {
  Words words = event.host.empty() ? run_words(event) : host_words(event);
  if (words.text.empty() && !event.host.empty()) words = step_words(event);
  if (words.text.empty()) return std::nullopt;
  std::string line = clock_time(event.at_ms) + ' ';
  int columns = 4;
  for (const HostView& host : view.hosts) columns = std::max(columns, std::min(width_of(host.name), 24));
  if (!event.host.empty()) line += fit(event.host, std::max(columns, width_of(event.host))) + "  ";
  if (event.step > 0 && !event.host.empty()) {
    line += fmt::format("step {}/{} {}  ", event.step,
                        std::max<std::size_t>(view.steps.size(), static_cast<std::size_t>(event.step)),
                        view.step_name(event.step));
  }
  return line + paint(words.colour, words.text);
}

}  // namespace belay::cli
