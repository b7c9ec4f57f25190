#include "daemon/engine/text_diff.hpp"

#include <fmt/format.h>
#include <git2.h>

#include <memory>

#include "daemon/base/check.hpp"
#include "daemon/base/escape.hpp"

namespace belay::engine {
namespace {

struct FreePatch {
  void operator()(git_patch* patch) const { git_patch_free(patch); }
};

bool is_text(std::string_view bytes) { return bytes.find('\0') == std::string_view::npos && is_utf8(bytes); }

}  // namespace

std::string text_diff(std::string_view before, std::string_view after, const std::string& name) {
  if (before == after || !is_text(before) || !is_text(after)) return {};
  // Counted by the library; the first call prepares it.
  static const bool ready = git_libgit2_init() > 0;
  BELAY_CHECK(ready);
  git_patch* raw = nullptr;
  if (git_patch_from_buffers(&raw, before.data(), before.size(), nullptr, after.data(), after.size(), nullptr,
                             nullptr) != 0)
    return {};
  const std::unique_ptr<git_patch, FreePatch> patch(raw);
  std::string out = fmt::format("--- {} (on the host)\n+++ {} (planned)\n", name, name);
  for (std::size_t h = 0; h < git_patch_num_hunks(raw); ++h) {
    const git_diff_hunk* hunk = nullptr;
    std::size_t count = 0;
    if (git_patch_get_hunk(&hunk, &count, raw, h) != 0) continue;
    out += fmt::format("@@ -{},{} +{},{} @@\n", hunk->old_start, hunk->old_lines, hunk->new_start, hunk->new_lines);
    for (std::size_t i = 0; i < count; ++i) {
      const git_diff_line* line = nullptr;
      if (git_patch_get_line_in_hunk(&line, raw, h, i) != 0) continue;
      // '=', '<' and '>' only speak of a missing line end at the end of a file.
      if (line->origin != '+' && line->origin != '-' && line->origin != ' ') continue;
      std::string_view text(line->content, line->content_len);
      if (text.ends_with('\n')) text.remove_suffix(1);
      out += line->origin + show(text) + "\n";
    }
  }
  return out;
}

}  // namespace belay::engine
