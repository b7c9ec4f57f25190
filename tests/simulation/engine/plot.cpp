// Plots as text.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "tests/simulation/engine/story.hpp"

namespace belay::simulated {
namespace {

constexpr std::array<std::pair<std::string_view, Kind>, 4> kinds{{{"deploy", Kind::deploy},
                                                                  {"guarded", Kind::guarded},
                                                                  {"rollback", Kind::rollback},
                                                                  {"deploy-stored", Kind::deploy_stored}}};

constexpr std::array<std::pair<std::string_view, bool Switches::*>, 7> mistakes{
    {{"NOFENCE", &Switches::no_fence},
     {"CHECKFIRST", &Switches::check_first},
     {"NODIRSYNC", &Switches::no_directory_sync},
     {"RESNAP", &Switches::resnap},
     {"COMMITAFTERFIRE", &Switches::commit_after_fire},
     {"LATEINT", &Switches::late_intent},
     {"REAPPLY", &Switches::reapply_unknown}}};

}  // namespace

std::string line(const Plot& plot) {
  std::string out;
  for (const auto& [name, kind] : kinds)
    if (kind == plot.kind) out = name;
  for (const auto& [name, member] : mistakes)
    if (plot.switches.*member) out += fmt::format(" +{}", name);
  if (plot.seed) return out + fmt::format(" seed={}", *plot.seed);
  return plot.shots.empty() ? out : out + ' ' + to_text(plot.shots);
}

std::optional<Plot> parse_plot(std::string_view text) {
  Plot out;
  std::string shots;
  bool has_kind = false;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    bool known = word.empty();
    for (const auto& [name, kind] : kinds)
      if (name == word) {
        out.kind = kind;
        has_kind = known = true;
      }
    for (const auto& [name, member] : mistakes)
      if (word.starts_with('+') && name == word.substr(1)) out.switches.*member = known = true;
    if (word.starts_with("seed=")) {
      std::uint64_t seed = 0;
      const auto [end, error] = std::from_chars(word.data() + 5, word.data() + word.size(), seed);
      if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
      out.seed = seed;
      known = true;
    }
    if (!known) shots += (shots.empty() ? "" : " ") + std::string(word);
  }
  auto parsed = parse_shots(shots);
  if (!parsed || !has_kind) return std::nullopt;
  out.shots = std::move(*parsed);
  return out;
}

}  // namespace belay::simulated
