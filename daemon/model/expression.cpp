#include "daemon/model/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "daemon/base/escape.hpp"

namespace belay {
namespace {

using Words = std::vector<std::string>;

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

bool truth(const Words& value) {
  if (value.size() != 1) return !value.empty();
  return !value[0].empty() && value[0] != "false" && value[0] != "no" && value[0] != "0";
}

std::optional<std::int64_t> as_number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return out;
}

// Recursive descent; every function returns the value and leaves `at_` behind it. The first error sticks.
class Reader {
 public:
  Reader(std::string_view text, const Lookup& lookup) : text_(text), lookup_(lookup) {}

  Result<bool> whole() {
    const Words value = any(0);
    spaces();
    if (!error_ && at_ < text_.size()) set_error("there is more than one expression");
    if (error_) return std::unexpected(*error_);
    return truth(value);
  }

 private:
  void set_error(const std::string& what) {
    if (!error_)
      error_ = Error{Kind::invalid, fmt::format("`when: {}`, column {}: {}", show(text_), at_ + 1, what),
                     "Write it as in `os == 'debian' and not first.ok`", std::nullopt};
  }
  void spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  bool take(std::string_view symbol) {
    spaces();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }
  bool take_word(std::string_view word) {
    spaces();
    if (!text_.substr(at_).starts_with(word)) return false;
    if (at_ + word.size() < text_.size() && is_name(text_[at_ + word.size()])) return false;
    at_ += word.size();
    return true;
  }
  static Words from(bool value) { return {value ? "true" : "false"}; }

  Words any(int depth) {
    bool value = false;
    Words first = all(depth);
    if (!take_word("or")) return first;
    value = truth(first);
    do value = truth(all(depth)) || value;
    while (take_word("or"));
    return from(value);
  }
  Words all(int depth) {
    Words first = negated(depth);
    if (!take_word("and")) return first;
    bool value = truth(first);
    do value = truth(negated(depth)) && value;
    while (take_word("and"));
    return from(value);
  }
  Words negated(int depth) {
    if (depth > 32) {
      set_error("it is nested too deeply");
      return {};
    }
    if (take_word("not")) return from(!truth(negated(depth + 1)));
    return compared(depth);
  }
  Words compared(int depth) {
    const Words left = term(depth);
    static constexpr std::string_view symbols[] = {"==", "!=", "<=", ">=", "<", ">"};
    for (std::string_view symbol : symbols)
      if (take(symbol)) return from(compare(left, symbol, term(depth)));
    if (take_word("in")) {
      const Words right = term(depth);
      return from(left.size() == 1 && std::ranges::find(right, left[0]) != right.end());
    }
    return left;
  }
  static bool compare(const Words& left, std::string_view symbol, const Words& right) {
    if (symbol == "==") return left == right;
    if (symbol == "!=") return left != right;
    if (left.size() != 1 || right.size() != 1) return false;
    const auto a = as_number(left[0]);
    const auto b = as_number(right[0]);
    const auto order = a && b ? *a <=> *b : left[0] <=> right[0];
    if (symbol == "<") return order < 0;
    if (symbol == ">") return order > 0;
    return symbol == "<=" ? order <= 0 : order >= 0;
  }
  Words term(int depth) {
    spaces();
    if (error_) return {};
    if (depth > 32) {
      set_error("it is nested too deeply");
      return {};
    }
    if (take("(")) {
      Words value = any(depth + 1);
      if (!take(")")) set_error("a ')' is missing");
      return value;
    }
    if (take("[")) {
      Words list;
      do std::ranges::copy(term(depth + 1), std::back_inserter(list));
      while (!error_ && take(","));
      if (!take("]")) set_error("a ']' is missing");
      return list;
    }
    if (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"')) return quoted();
    return word();
  }
  Words quoted() {
    const char quote = text_[at_];
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) {
      set_error("a quote is not closed");
      return {};
    }
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return {std::move(value)};
  }
  Words word() {
    std::size_t end = at_;
    while (end < text_.size() && is_name(text_[end])) ++end;
    if (end == at_) {
      set_error("a name, a number or a quoted text is expected");
      return {};
    }
    const std::string_view name = text_.substr(at_, end - at_);
    Words out;
    if (name == "true" || name == "false" || as_number(name)) {
      out = {std::string(name)};
    } else if (auto value = lookup_(name)) {
      out = {std::move(*value)};
    } else {
      set_error(fmt::format("'{}' is no fact, variable or registered result", name));
    }
    at_ = end;
    return out;
  }

  std::string_view text_;
  const Lookup& lookup_;
  std::size_t at_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<bool> evaluate(std::string_view expression, const Lookup& lookup) { return Reader(expression, lookup).whole(); }

Result<std::set<std::string>> names_in(std::string_view expression) {
  std::set<std::string> names;
  const Lookup collect = [&](std::string_view name) {
    names.emplace(name);
    return std::optional<std::string>("");
  };
  BELAY_TRY([[maybe_unused]] const bool ignored, Reader(expression, collect).whole());
  return names;
}

}  // namespace belay
