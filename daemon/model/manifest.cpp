#include "daemon/model/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

#include "daemon/base/escape.hpp"
#include "daemon/model/inventory.hpp"

namespace belay {
namespace {

constexpr std::size_t columns = 11;
using Columns = std::array<std::string_view, columns>;
constexpr std::array<std::string_view, columns> names{
    "type", "mode",  "owner", "group", "size", "mtime", "content", "hard links", "ACL or extended attributes",
    "path", "target"};
constexpr std::size_t path_column = 9;

bool split(std::string_view line, Columns& out) {
  std::size_t n = 0;
  while (true) {
    const std::size_t space = line.find(' ');
    if (n == columns) return false;
    out[n++] = line.substr(0, space);
    if (out[n - 1].empty()) return false;
    if (space == std::string_view::npos) break;
    line.remove_prefix(space + 1);
  }
  return n == columns;
}

bool printable(std::string_view line) {
  return std::ranges::all_of(line, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

Result<ManifestLine> parse_line(std::string_view line) {
  if (line.starts_with("= ")) {
    std::string_view rest = line.substr(2);
    const std::size_t space = rest.find(' ');
    if (space == 0 || space == std::string_view::npos)
      return fail(Kind::integrity, "the host sent a manifest with a broken state line: " + show(line));
    return ManifestLine{std::string(line), std::string(rest.substr(0, space))};
  }
  Columns column;
  if (!split(line, column) || column[0].size() != 1 ||
      std::string_view("fdlpsbc-").find(column[0][0]) == std::string_view::npos || column[path_column][0] != '/')
    return fail(Kind::integrity, "the host sent a manifest with a broken line: " + show(line));
  return ManifestLine{std::string(line), std::string(column[path_column])};
}

std::string_view type_name(char type) {
  switch (type) {
    case 'f':
      return "a file";
    case 'd':
      return "a directory";
    case 'l':
      return "a symbolic link";
    case 'p':
      return "a FIFO";
    case 's':
      return "a socket";
    case 'b':
      return "a block device";
    case 'c':
      return "a character device";
    default:
      return "absent";
  }
}

std::string compare_lines(std::string_view before, std::string_view now) {
  if (before.starts_with("= ") || now.starts_with("= ")) {
    const auto value = [](std::string_view line) { return line.substr(line.rfind(' ') + 1); };
    return fmt::format("is {}, was {}", show(decode_path(value(now))), show(decode_path(value(before))));
  }
  Columns was;
  Columns is;
  if (!split(before, was) || !split(now, is)) return "differs";
  if (was[0] != is[0]) return fmt::format("is {}, was {}", type_name(is[0][0]), type_name(was[0][0]));
  std::string out;
  for (std::size_t i = 1; i < columns; ++i) {
    if (was[i] == is[i]) continue;
    // A digest says nothing to a person beyond "differs"; twelve digits are enough to look it up.
    const std::size_t shown = names[i] == "content" ? 12 : std::string_view::npos;
    if (!out.empty()) out += ", ";
    out += fmt::format("{} is {}, was {}", names[i], show(is[i].substr(0, shown)), show(was[i].substr(0, shown)));
  }
  return out;
}

bool covers(std::string_view scope, std::string_view path) {
  return path == scope || (path.starts_with(scope) && path.size() > scope.size() && path[scope.size()] == '/');
}

bool is_absent(std::string_view line) { return line.starts_with("- "); }

struct Scopes {
  std::vector<std::string> paths;
  std::set<std::string> others;  // "service nginx"

  [[nodiscard]] bool cover(const ManifestPart& part, std::string_view path) const {
    if (part.resource != "path") return others.contains(part.resource + ' ' + part.key);
    return std::ranges::any_of(paths, [&](const std::string& scope) { return covers(scope, path); });
  }
  // True when something covered lies below `path`: putting that back has moved the directory's own time.
  [[nodiscard]] bool below(std::string_view path) const {
    return std::ranges::any_of(paths, [&](const std::string& scope) { return scope != path && covers(path, scope); });
  }
  void add(const ManifestPart& part) {
    if (part.resource != "path") {
      others.insert(part.resource + ' ' + part.key);
      return;
    }
    paths.push_back(part.key);
    // An absent path is recorded with every missing ancestor: to go back is to have none of them, whatever is put
    // there.
    for (const ManifestLine& line : part.lines)
      if (is_absent(line.text)) paths.push_back(line.path);
  }
};

// True for two lines of one directory that differ in nothing but its time.
bool only_time_differs(std::string_view before, std::string_view now) {
  Columns was;
  Columns is;
  if (!split(before, was) || !split(now, is) || was[0] != "d" || is[0] != "d") return false;
  was[5] = is[5];
  return was == is;
}

void compare(int step, const ManifestPart* before, const ManifestPart* now, const Scopes& covered,
             std::vector<Difference>& out) {
  std::map<std::string, std::pair<std::string, std::string>, std::less<>> by_path;
  if (before != nullptr)
    for (const ManifestLine& line : before->lines)
      if (!covered.cover(*before, line.path)) by_path[line.path].first = line.text;
  if (now != nullptr)
    for (const ManifestLine& line : now->lines)
      if (!covered.cover(*now, line.path)) by_path[line.path].second = line.text;
  for (const auto& [path, pair] : by_path) {
    const auto& [was, is] = pair;
    if (was == is) continue;
    if (covered.below(path) && only_time_differs(was, is)) continue;
    // An ancestor of an absent path has a line while it is missing and none while it is there; everything else has one
    // while it is there.
    const bool was_there = was.empty() ? is_absent(is) : !is_absent(was);
    const bool is_there = is.empty() ? is_absent(was) : !is_absent(is);
    if (!was_there && is_there)
      out.push_back({step, path, "is there, was not"});
    else if (was_there && !is_there)
      out.push_back({step, path, "is gone, was there"});
    else
      out.push_back({step, path, compare_lines(was, is)});
  }
}

const ManifestPart* part_at(const Manifest& manifest, int index) {
  for (const ManifestPart& part : manifest.parts)
    if (part.index == index) return &part;
  return nullptr;
}

// `grow`: what a part covers is left out of the parts after it, too.
void compare_steps(const StepStates& states, Scopes& covered, bool grow, std::vector<Difference>& out) {
  std::set<int> indexes;
  for (const ManifestPart& part : states.before.parts) indexes.insert(part.index);
  for (const ManifestPart& part : states.now.parts) indexes.insert(part.index);
  for (int index : indexes) {
    const ManifestPart* before = part_at(states.before, index);
    compare(states.step, before, part_at(states.now, index), covered, out);
    if (grow && before != nullptr) covered.add(*before);
  }
}

// "# INDEX RESOURCE KEY"
Result<ManifestPart> parse_header(std::string_view line) {
  const auto broken = [&] {
    return fail(Kind::integrity, "the host sent a manifest with a broken header: " + show(line));
  };
  std::string_view rest = line.substr(2);
  ManifestPart part;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), part.index);
  if (error != std::errc{} || part.index < 0) return broken();
  rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
  if (!rest.starts_with(' ')) return broken();
  rest.remove_prefix(1);
  const std::size_t space = rest.find(' ');
  if (space == std::string_view::npos) return broken();
  part.resource = rest.substr(0, space);
  part.key = rest.substr(space + 1);
  if (!valid_name(part.resource) || part.key.empty() || part.key.find(' ') != std::string::npos) return broken();
  return part;
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view text) {
  Manifest out;
  std::set<std::string, std::less<>> paths;  // of the part being read
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return fail(Kind::integrity, "the host sent a manifest that ends in mid-line");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (!printable(line)) return fail(Kind::integrity, "the host sent a manifest with control bytes: " + show(line));
    if (line.starts_with("# ")) {
      BELAY_TRY(ManifestPart part, parse_header(line));
      // Of two parts or two lines with one name only one would ever be compared.
      if (part_at(out, part.index) != nullptr)
        return fail(Kind::integrity, "the host sent a manifest that has a resource twice: " + show(line));
      paths.clear();
      out.parts.push_back(std::move(part));
      continue;
    }
    if (out.parts.empty()) return fail(Kind::integrity, "the host sent a manifest without a header");
    BELAY_TRY(ManifestLine parsed, parse_line(line));
    if (!paths.insert(parsed.path).second)
      return fail(Kind::integrity, "the host sent a manifest that has an entry twice: " + show(line));
    out.parts.back().lines.push_back(std::move(parsed));
  }
  return out;
}

std::vector<Difference> differences(const std::vector<StepStates>& steps) {
  std::vector<Difference> out;
  Scopes covered;
  for (const StepStates& states : steps) {
    compare_steps(states, covered, true, out);
  }
  return out;
}

std::vector<Difference> differences(int step, const Manifest& before, const Manifest& now) {
  std::vector<Difference> out;
  Scopes none;
  compare_steps({step, before, now}, none, false, out);
  return out;
}

}  // namespace belay
