#include "daemon/model/finding.hpp"

#include <algorithm>
#include <tuple>

namespace belay {

std::string_view to_string(Finding::Level level) { return level == Finding::Level::error ? "error" : "warning"; }

std::string Finding::text() const {
  std::string out = place.file;
  if (place.line > 0) out += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
  if (!out.empty()) out += ": ";
  const auto add_sentence = [&](std::string_view sentence) {
    out += sentence;
    if (!sentence.ends_with('.') && !sentence.ends_with('?')) out += '.';
  };
  out += std::string(to_string(level)) + ": ";
  add_sentence(message);
  if (!next.empty()) {
    out += ' ';
    add_sentence(next);
  }
  return out + " [" + rule + "]";
}

bool has_errors(const Findings& findings) {
  return std::ranges::any_of(findings, [](const Finding& finding) { return finding.level == Finding::Level::error; });
}

void sort(Findings& findings) {
  std::ranges::sort(findings, {}, [](const Finding& finding) {
    return std::tuple(finding.place.file, finding.place.line, finding.place.column, finding.message);
  });
}

}  // namespace belay
