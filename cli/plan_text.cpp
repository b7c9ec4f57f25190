#include "cli/plan_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace belay::cli {
namespace {

std::string_view mark_of(std::string_view word) {
  if (word == "new") return "+";
  if (word == "changed") return "~";
  if (word == "removed") return "-";
  return word == "opaque" ? "?" : "=";
}

Colour colour_of(std::string_view word) {
  if (word == "new") return Colour::green;
  if (word == "changed") return Colour::yellow;
  if (word == "removed") return Colour::red;
  return word == "opaque" ? Colour::cyan : Colour::plain;
}

std::string counts_of(const Json& items) {
  std::string out;
  for (const std::string_view word : {"new", "changed", "removed", "unchanged", "opaque"}) {
    const auto count = std::ranges::count_if(items, [&](const Json& item) { return text_at(item, "class") == word; });
    if (count > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, word);
  }
  return out;
}

std::string diff_text(const std::string& diff, const Paint& paint) {
  std::string out;
  std::size_t begin = 0;
  while (begin < diff.size()) {
    const std::size_t end = std::min(diff.find('\n', begin), diff.size());
    const std::string line = diff.substr(begin, end - begin);
    const Colour colour = line.starts_with('+') ? Colour::green : line.starts_with('-') ? Colour::red : Colour::plain;
    out += "          " + paint(colour, line) + '\n';
    begin = end + 1;
  }
  return out;
}

std::string item_text(const Json& item, const Paint& paint) {
  const std::string word = text_at(item, "class");
  if (word == "unchanged") return {};
  std::string out = fmt::format("      {} {}\n", paint(colour_of(word), mark_of(word)), text_at(item, "path"));
  // A diff spans lines: the one text of a document that keeps its newlines.
  if (const auto diff = item.find("diff"); diff != item.end() && diff->is_string()) {
    out += diff_text(safe(diff->get<std::string>(), true), paint);
  }
  return out;
}

std::string step_text(const Json& step, const Paint& paint) {
  std::string line = fmt::format("  {:>2} {}  {}", number_at(step, "step"), paint(Colour::bold, text_at(step, "name")),
                                 text_at(step, "action"));
  if (const std::string when = text_at(step, "when"); !when.empty()) line += "  when " + when;
  if (flag_at(step, "skipped")) return line + "  skipped here\n";
  if (flag_at(step, "opaque")) line += "  " + paint(Colour::cyan, "opaque: what it does cannot be known beforehand");
  const Json& items = list_at(step, "items");
  if (const std::string counts = counts_of(items); !counts.empty()) line += "  " + counts;
  const std::string way = text_at(step, "way_back");
  if (way == "none") line += "  " + paint(Colour::red, "NO WAY BACK");
  if (!way.empty() && way != "none" && way != "nothing") line += "  goes back by " + way;
  line += '\n';
  for (const Json& item : items) line += item_text(item, paint);
  if (const std::string note = text_at(step, "note"); !note.empty()) line += "      " + note + '\n';
  return line;
}

std::string steps_text(const Json& host, const Paint& paint) {
  std::string out;
  for (const Json& step : list_at(host, "steps")) out += step_text(step, paint);
  return out;
}

}  // namespace

std::string findings_text(const Json& findings) {
  std::string out;
  if (!findings.is_array()) return out;
  for (const Json& finding : findings) {
    if (const auto place = finding.find("place"); place != finding.end() && place->is_object()) {
      out += text_at(*place, "file");
      if (number_at(*place, "line") > 0)
        out += fmt::format(":{}:{}", number_at(*place, "line"), number_at(*place, "column"));
      if (!out.empty() && out.back() != '\n') out += ": ";
    }
    out += fmt::format("{}: {}", text_at(finding, "level"), text_at(finding, "message"));
    if (const std::string next = text_at(finding, "next"); !next.empty()) out += ". " + next;
    out += fmt::format(" [{}]\n", text_at(finding, "rule"));
  }
  return out;
}

std::string plan_text(const Json& plan, const Paint& paint) {
  std::string out = paint(Colour::bold, fmt::format("Plan {} for {} {} in {}", text_at(plan, "digest").substr(0, 12),
                                                    text_at(plan, "application"), text_at(plan, "version"),
                                                    text_at(plan, "environment"))) +
                    '\n';
  out += pairs({{"package", text_at(plan, "package").substr(0, 12)},
                {"class", text_at(plan, "class")},
                {"way back", text_at(plan, "way_back")}},
               paint);

  // Hosts that look alike are told once.
  struct Alike {
    std::string title;
    std::string steps;
    std::vector<std::string> hosts;
  };
  std::vector<Alike> told;
  for (const Json& host : list_at(plan, "hosts")) {
    std::string title = fmt::format("batch {}  class {}", number_at(host, "batch") + 1, text_at(host, "class"));
    if (const std::string why = text_at(host, "class_why"); !why.empty()) title += ": " + why;
    std::string steps = steps_text(host, paint);
    const auto same =
        std::ranges::find_if(told, [&](const Alike& each) { return each.title == title && each.steps == steps; });
    if (same != told.end()) {
      same->hosts.push_back(text_at(host, "name"));
    } else {
      told.push_back({std::move(title), std::move(steps), {text_at(host, "name")}});
    }
  }
  for (const Alike& each : told) {
    out += fmt::format("\n{}  {}\n{}", paint(Colour::bold, fmt::format("{}", fmt::join(each.hosts, ", "))), each.title,
                       each.steps);
  }
  if (const std::string findings = findings_text(list_at(plan, "findings")); !findings.empty()) out += '\n' + findings;
  return out;
}

}  // namespace belay::cli
