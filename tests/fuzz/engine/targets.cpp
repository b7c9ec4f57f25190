#include "tests/fuzz/engine/targets.hpp"

#include <algorithm>
#include <string>

#include "daemon/base/check.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/engine/leash.hpp"
#include "daemon/engine/stage_tar.hpp"
#include "daemon/model/expression.hpp"
#include "daemon/model/manifest.hpp"

namespace {

using namespace belay;

// What every error of ours promises: a sentence, on one line, without terminal sequences.
void expect_sentence(const Error& error) {
  BELAY_CHECK(!error.what.empty());
  BELAY_CHECK(error.text().find_first_of("\n\r\x1B\x01") == std::string::npos);
}

bool is_safe(std::string_view text) {
  return is_utf8(text) && std::ranges::none_of(text, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
}

}  // namespace

void fuzz_host_manifest(std::string_view bytes) {
  const auto whole = parse_manifest(bytes);
  if (!whole) {
    expect_sentence(whole.error());
    BELAY_CHECK(whole.error().kind == Kind::integrity);
  } else {
    BELAY_CHECK(differences(1, *whole, *whole).empty());
    for (const Difference& one : differences(1, *whole, {})) BELAY_CHECK(is_safe(one.path) && is_safe(one.what));
  }
  // "before" NUL "now": what two answers of one host differ in.
  const std::size_t cut = bytes.find('\0');
  if (cut == std::string_view::npos) return;
  const auto before = parse_manifest(bytes.substr(0, cut));
  const auto now = parse_manifest(bytes.substr(cut + 1));
  if (!before || !now) return;
  const auto list = differences(1, *before, *now);
  BELAY_CHECK(list.empty() == differences(1, *now, *before).empty());
  // Comparing step by step may leave out what an earlier step or resource covers, and never adds anything.
  BELAY_CHECK(differences({{1, *before, *now}}).size() <= list.size());
}

void fuzz_reply(std::string_view bytes) {
  const std::string nonce = "n";
  const auto reply = engine::parse_reply(bytes, nonce);
  if (!reply) {
    expect_sentence(reply.error());
    BELAY_CHECK(reply.error().kind == Kind::unknown);
  } else {
    BELAY_CHECK(bytes.find("\001belay n begin\n") != std::string_view::npos);
    BELAY_CHECK(bytes.find("\001belay n end ") != std::string_view::npos);
    std::size_t all = 0;
    for (const auto& [name, section] : reply->sections) all += name.size() + section.size();
    BELAY_CHECK(all <= bytes.size());
  }
  for (const engine::PlanItem& item : engine::parse_items(bytes)) BELAY_CHECK(item.path.size() < bytes.size());
}

void fuzz_expression(std::string_view bytes) {
  const Lookup hostile = [](std::string_view) { return std::optional<std::string>("' or true or '"); };
  const auto holds = evaluate(bytes, hostile);
  const auto names = names_in(bytes);
  // Whether it can be read does not depend on what its names stand for.
  BELAY_CHECK(holds.has_value() == names.has_value());
  if (!holds) expect_sentence(holds.error());
  if (holds && !names->empty())
    BELAY_CHECK(!evaluate(bytes, [](std::string_view) { return std::nullopt; }).has_value());
}
