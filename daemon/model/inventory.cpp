#include "daemon/model/inventory.hpp"

#include <algorithm>

namespace belay {
namespace {

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool only(std::string_view text, std::string_view also) {
  return std::ranges::all_of(text, [&](char c) { return is_word(c) || also.find(c) != std::string_view::npos; });
}

}  // namespace

std::string_view to_string(Tier tier) {
  switch (tier) {
    case Tier::development:
      return "development";
    case Tier::test:
      return "test";
    case Tier::production:
      return "production";
  }
  return "?";
}

Rules default_rules(Tier tier) {
  Rules rules;
  rules.signature = tier != Tier::development;
  if (tier == Tier::production) {
    rules.rehearsal = true;
    rules.refuse_drift = true;
    rules.allow_irreversible = false;
    rules.direct = false;
  }
  return rules;
}

int default_dead_man_seconds(Tier tier) { return tier == Tier::production ? 120 : 0; }

bool valid_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && is_word(text[0]) && only(text, "._-");
}

bool valid_path(std::string_view text) {
  if (text.empty() || text.size() > 200 || text[0] != '/' || !only(text, "/._-")) return false;
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::string_view part = text.substr(0, text.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    text.remove_prefix(part.size());
  }
  return true;
}

bool valid_address(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text[0] != '-' && only(text, ".-:_");
}

}  // namespace belay
