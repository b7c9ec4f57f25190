#include "daemon/package/paths.hpp"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <vector>

#include "daemon/base/escape.hpp"

namespace belay::package {
namespace {

std::unexpected<Error> refuse(std::string_view path, std::string_view why) {
  std::string shown = show(path.substr(0, 120));
  if (path.size() > 120) shown += "…";
  return fail(Kind::invalid, fmt::format("the name \"{}\" is not allowed in a package: {}", shown, why),
              "Rename the file.");
}

bool is_device(std::string_view part) {
  std::string stem(part.substr(0, part.find('.')));
  std::ranges::transform(stem, stem.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  while (stem.ends_with(' ')) stem.pop_back();
  constexpr std::array<std::string_view, 4> plain = {"CON", "PRN", "AUX", "NUL"};
  if (std::ranges::find(plain, stem) != plain.end()) return true;
  const bool numbered = stem.size() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT"));
  return numbered && stem[3] >= '1' && stem[3] <= '9';
}

// Characters that a screen does not show, or that reorder what it shows.
bool is_invisible(utf8proc_int32_t c) {
  const auto category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP || category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_CO;
}

// nullptr when the part is fine.
const char* what_is_wrong(std::string_view part) {
  if (part.empty()) return "it has an empty part (\"//\", or a slash at its begin or end)";
  if (part == ".." || part == ".") return "it has a part \"..\" or \".\"";
  if (part.size() > 255) return "a part of it has more than 255 bytes";
  if (part.ends_with('.') || part.ends_with(' ')) return "a part of it ends in a dot or a blank";
  if (part.starts_with(' ')) return "a part of it begins with a blank";
  if (is_device(part)) return "a part of it is named like a device of Windows";
  return nullptr;
}

struct Free {
  void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }  // utf8proc allocates with malloc
};

std::string fold(std::string_view path) {
  utf8proc_uint8_t* raw = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(path.data()),
                                   static_cast<utf8proc_ssize_t>(path.size()), &raw, options);
  const std::unique_ptr<utf8proc_uint8_t, Free> owned(raw);
  if (length < 0) return std::string(path);
  return std::string(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(length));
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    parts.emplace_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  return parts;
}

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : "/") + part;
  return out;
}

bool part_matches(std::string_view glob, std::string_view part) {
  std::size_t g = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_at = 0;
  while (p < part.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_at = p;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == part[p])) {
      ++g;
      ++p;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      p = ++star_at;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

// Which parts of the glob may come next; "**" stays as long as it likes. No recursion: a glob cannot cost more than
// its parts times those of the path.
bool parts_match(const std::vector<std::string>& glob, const std::vector<std::string>& path) {
  std::vector<bool> now(glob.size() + 1, false);
  const auto skip_stars = [&](std::vector<bool>& states) {
    for (std::size_t i = 0; i < glob.size(); ++i) {
      if (states[i] && glob[i] == "**") states[i + 1] = true;
    }
  };
  now[0] = true;
  skip_stars(now);
  for (const auto& part : path) {
    std::vector<bool> next(glob.size() + 1, false);
    for (std::size_t i = 0; i < glob.size(); ++i) {
      if (!now[i]) continue;
      if (glob[i] == "**") {
        next[i] = true;
      } else if (part_matches(glob[i], part)) {
        next[i + 1] = true;
      }
    }
    skip_stars(next);
    now = std::move(next);
  }
  return now[glob.size()];
}

}  // namespace

Result<void> check_path(std::string_view path) {
  if (path.empty()) return refuse(path, "it is empty");
  if (path.size() > 1024) return refuse(path, "it has more than 1024 bytes");
  if (path.front() == '/') return refuse(path, "it is absolute");
  if (!is_utf8(path)) return refuse(path, "it is not valid UTF-8");
  if (path.contains('\\')) return refuse(path, "it has a backslash");
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(path.data());
  for (std::size_t at = 0; at < path.size();) {
    utf8proc_int32_t c = 0;
    const auto length = utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(path.size() - at), &c);
    if (length <= 0) return refuse(path, "it is not valid UTF-8");
    if (is_invisible(c)) return refuse(path, "it has a control character or one that cannot be seen");
    at += static_cast<std::size_t>(length);
  }
  const auto parts = split(path);
  if (parts.size() > 64) return refuse(path, "it is deeper than 64 directories");
  for (const auto& part : parts) {
    if (const char* why = what_is_wrong(part)) return refuse(path, why);
  }
  return {};
}

Result<void> TwinFinder::add(std::string_view path) {
  const auto [entry, fresh] = seen_.emplace(fold(path), std::string(path));
  if (fresh) return {};
  if (entry->second == path) {
    return fail(Kind::invalid, fmt::format("the name \"{}\" is there twice in the package", show(path)));
  }
  return fail(Kind::invalid,
              fmt::format("the names \"{}\" and \"{}\" differ only in case or in how accents are composed",
                          show(entry->second), show(path)),
              "Rename one of them: some file systems take them for one file.");
}

Result<void> check_link(std::string_view path, std::string_view target, const LinkAt& link_at) {
  const auto broken = [&](std::string_view why) {
    return fail(Kind::invalid,
                fmt::format("the symbolic link \"{}\" to \"{}\" is not allowed in a package: {}", show(path),
                            show(target.substr(0, 120)), why),
                "Link to a relative path inside files/, or make the link with a symlink step.");
  };
  if (target.empty()) return broken("it has no target");
  if (target.front() == '/') return broken("its target is absolute");
  if (target.size() > 1024 || !is_utf8(target) || target.contains('\\')) return broken("its target is no clean path");
  std::vector<std::string> at = split(path);
  at.pop_back();
  auto rest = split(target);
  std::ranges::reverse(rest);  // a stack: the next part is the last
  for (int hops = 0; !rest.empty();) {
    const std::string part = std::move(rest.back());
    rest.pop_back();
    if (part == "..") {
      if (at.size() <= 1) return broken("its target leaves files/");
      at.pop_back();
      continue;
    }
    if (part.empty() || part == ".") continue;
    if (!check_path(part)) return broken("its target is no clean path");
    at.push_back(part);
    if (const std::string* next = link_at(join(at))) {
      if (++hops > 40) return broken("it leads through too many links");
      if (next->empty() || next->front() == '/') return broken("it leads through a link whose target is absolute");
      at.pop_back();
      auto more = split(*next);
      rest.insert(rest.end(), std::make_move_iterator(more.rbegin()), std::make_move_iterator(more.rend()));
    }
  }
  return {};
}

bool glob_matches(std::string_view glob, std::string_view path) {
  auto parts = split(glob);
  if (parts.size() > 1 && parts.back().empty()) parts.back() = "**";
  return parts_match(parts, split(path));
}

}  // namespace belay::package
