#include "daemon/engine/reply_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/base/escape.hpp"

namespace belay::engine {
namespace {

constexpr std::size_t longest_head = 80;
constexpr std::size_t shown = 120;

// All of `text` as a number of plain digits.
template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && stop == text.data() + text.size();
}

}  // namespace

ReplyReader::ReplyReader(const std::string& nonce, SectionSink& sink)
    : begin_(fmt::format("\001belay {} begin\n", nonce)), end_(fmt::format("\001belay {} end ", nonce)), sink_(sink) {}

Result<void> ReplyReader::malformed() {
  return fail(Kind::unknown, "the host's answer ends in the middle", "The outcome will be asked for, or taken back");
}

Result<void> ReplyReader::feed(std::string_view bytes) {
  while (failed_ && !bytes.empty() && at_ != At::over) {
    switch (at_) {
      case At::banner:
        failed_ = look_for_begin(bytes);
        break;
      case At::head:
        failed_ = head(bytes);
        break;
      case At::body:
        failed_ = body(bytes);
        break;
      case At::after_body:
        if (bytes.front() != '\n')
          failed_ = malformed();
        else
          failed_ = sink_.end();
        bytes.remove_prefix(1);
        at_ = At::head;
        break;
      case At::over:
        break;
    }
  }
  return failed_;
}

Result<void> ReplyReader::look_for_begin(std::string_view& bytes) {
  // What a login shell printed before us says more to an operator than "malformed".
  if (banner_.size() < shown) banner_ += bytes.substr(0, shown - banner_.size());
  // `line_` is the longest end of what was read that may still become the begin line.
  line_ += bytes;
  bytes = {};
  const std::size_t found = line_.find(begin_);
  if (found != std::string::npos) {
    const std::string rest = line_.substr(found + begin_.size());
    line_.clear();
    at_ = At::head;
    // Shorter than what was just given, so this ends.
    return feed(rest);
  }
  if (line_.size() >= begin_.size()) line_.erase(0, line_.size() - begin_.size() + 1);
  return {};
}

Result<void> ReplyReader::head(std::string_view& bytes) {
  const std::size_t stop = bytes.find('\n');
  line_ += bytes.substr(0, stop);
  if (line_.size() > longest_head || !line_.starts_with('\001')) return malformed();
  if (stop == std::string_view::npos) {
    bytes = {};
    return {};
  }
  bytes.remove_prefix(stop + 1);
  const std::string text = std::exchange(line_, {});
  if (text.starts_with(end_)) {
    if (!read_number(std::string_view(text).substr(end_.size()), rc_)) return malformed();
    at_ = At::over;
    return {};
  }
  const std::size_t space = text.find(' ');
  if (space == std::string::npos || space < 2 || space > 39) return malformed();
  if (!read_number(std::string_view(text).substr(space + 1), left_)) return malformed();
  BELAY_TRYV(sink_.begin(text.substr(1, space - 1), left_));
  at_ = left_ == 0 ? At::after_body : At::body;
  return {};
}

Result<void> ReplyReader::body(std::string_view& bytes) {
  const std::string_view part = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
  bytes.remove_prefix(part.size());
  left_ -= part.size();
  if (left_ == 0) at_ = At::after_body;
  return sink_.data(part);
}

Result<int> ReplyReader::finish() const {
  if (!failed_) return std::unexpected(failed_.error());
  if (at_ == At::over) return rc_;
  if (at_ == At::banner)
    return fail(Kind::unknown,
                fmt::format("the host did not begin an answer; it said {}",
                            banner_.empty() ? "nothing" : "\"" + show(banner_) + "\""),
                "Check that the account can run /bin/sh and that nothing on the host ends the session");
  return fail(Kind::unknown, "the host's answer ends in the middle", "The outcome will be asked for, or taken back");
}

}  // namespace belay::engine
