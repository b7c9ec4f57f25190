#include <fmt/format.h>

#include <charconv>

#include "daemon/base/escape.hpp"
#include "daemon/engine/leash.hpp"

namespace belay::engine {
namespace {

// What a login shell printed before us says more to an operator than "malformed".
std::string first_words(std::string_view bytes) {
  return bytes.empty() ? "nothing" : "\"" + show(bytes.substr(0, 120)) + "\"";
}

template <class Number>
bool take_number(std::string_view& text, char end, Number& out) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || stop == text.data() + text.size() || *stop != end) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
  return true;
}

}  // namespace

std::string Reply::section(const std::string& name) const {
  const auto found = sections.find(name);
  return found == sections.end() ? std::string() : found->second;
}

Result<Reply> parse_reply(std::string_view bytes, const std::string& nonce) {
  const std::string begin = fmt::format("\001belay {} begin\n", nonce);
  const std::string end = fmt::format("\001belay {} end ", nonce);
  const std::size_t start = bytes.find(begin);
  if (start == std::string_view::npos)
    return fail(Kind::unknown, fmt::format("the host did not begin an answer; it said {}", first_words(bytes)),
                "Check that the account can run /bin/sh and that nothing on the host ends the session");
  std::string_view rest = bytes.substr(start + begin.size());
  Reply reply;
  while (true) {
    if (rest.starts_with(end)) {
      rest.remove_prefix(end.size());
      if (!take_number(rest, '\n', reply.rc)) break;
      return reply;
    }
    if (!rest.starts_with('\001')) break;
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos || space < 2 || space > 40) break;
    const std::string name(rest.substr(1, space - 1));
    rest.remove_prefix(space + 1);
    std::uint64_t size = 0;
    if (!take_number(rest, '\n', size) || size >= rest.size() || rest[size] != '\n') break;
    reply.sections[name] = rest.substr(0, size);
    rest.remove_prefix(size + 1);
  }
  return fail(Kind::unknown, "the host's answer ends in the middle", "The outcome will be asked for, or taken back");
}

}  // namespace belay::engine
