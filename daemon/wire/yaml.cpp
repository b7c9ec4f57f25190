#include "daemon/wire/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <cmath>
#include <istream>
#include <streambuf>
#include <unordered_set>
#include <utility>
#include <vector>

#include "daemon/base/check.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/wire/text.hpp"

namespace belay::wire {
namespace {

// How the handler leaves yaml-cpp's recursion; caught in read_yaml and nowhere else.
struct Stop {
  Error error;
};

// A stream over bytes that are already in memory.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view view) {
    char* begin = const_cast<char*>(view.data());  // streambuf's get area is never written to
    setg(begin, begin, begin + view.size());
  }
};

// Builds the tree from yaml-cpp's events. yaml-cpp announces each list and map before it descends into it, so refusing
// here also bounds its recursion: `[` 16,000 times ends at the 33rd.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, Lines& lines, const YamlLimits& limits)
      : text_(text), lines_(lines), limits_(limits) {}

  [[nodiscard]] Value take() { return std::move(root_); }
  [[nodiscard]] bool done() const { return done_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (done_) {
      stop(mark, "there is a second document, or text after the end of the first", "Keep one document per file.");
    }
  }
  void OnDocumentEnd() override { done_ = true; }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    guard(mark, "", anchor);
    // The mark of a value that is not there is that of whatever follows it.
    const bool value_of_key = !open_.empty() && open_.back().key;
    Place place = value_of_key ? open_.back().key_place : lines_.at(offset(mark));
    add(mark, Value(), std::move(place));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    stop(mark, "aliases (*name) are not allowed", "Write the value out.");
  }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    stop(mark, "anchors (&name) are not allowed", "Write the value out where it is used.");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    guard(mark, tag, anchor);
    if (!quote_closes(offset(mark))) stop(mark, "this quote is never closed", "Close it.");
    const bool plain = tag == "?";
    if (!open_.empty() && open_.back().value.is_map() && !open_.back().key) return begin_key(mark, value, plain);
    add(mark, plain ? plain_scalar(value) : Value(value), lines_.at(offset(mark)));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Value::empty_list());
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Value::empty_map());
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override { end(); }

 private:
  struct Open {
    Value value;
    std::unordered_set<std::string> keys;
    std::optional<std::string> key;  // a key that waits for its value
    Place key_place;
  };

  std::size_t offset(const YAML::Mark& mark) const { return mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos); }

  // yaml-cpp takes a quote that the end of the file cuts off as whole; half a file must not pass for a file.
  bool quote_closes(std::size_t at) const {
    const char quote = at < text_.size() ? text_[at] : ' ';
    if (quote != '"' && quote != '\'') return true;
    for (++at; at < text_.size(); ++at) {
      if (quote == '"' && text_[at] == '\\') {
        ++at;
      } else if (text_[at] == quote) {
        if (quote == '"' || !text_.substr(at + 1).starts_with('\'')) return true;
        ++at;
      }
    }
    return false;
  }

  [[noreturn]] void stop(const YAML::Mark& mark, std::string what, std::string next) const {
    throw Stop{Error{Kind::invalid, std::move(what), std::move(next), lines_.at(offset(mark))}};
  }

  void guard(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) stop(mark, "anchors (&name) are not allowed", "Write the value out where it is used.");
    const std::size_t at = offset(mark);
    // "?" is plain, "!" is quoted; the explicit tag "!" looks like the latter, but begins with the character itself.
    const bool explicit_tag = (!tag.empty() && tag != "?" && tag != "!") || (at < text_.size() && text_[at] == '!');
    if (explicit_tag) stop(mark, "tags (!name) are not allowed", "Remove the tag; put text in quotes.");
    if (++nodes_ > limits_.nodes) {
      stop(mark, fmt::format("the file has more than {} values", limits_.nodes),
           "Move large contents into payload files.");
    }
  }

  void begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Value empty) {
    guard(mark, tag, anchor);
    if (open_.size() >= limits_.depth) {
      stop(mark, fmt::format("lists and maps are nested deeper than {}", limits_.depth), "Flatten the file.");
    }
    if (!open_.empty() && open_.back().value.is_map() && !open_.back().key) {
      stop(mark, "a key must be text, not a list or a map", "Write a name in front of the colon.");
    }
    empty.place = lines_.at(offset(mark));
    open_.push_back(Open{std::move(empty), {}, std::nullopt, {}});
  }

  void end() {
    BELAY_CHECK(!open_.empty());
    Value value = std::move(open_.back().value);
    open_.pop_back();
    put(std::move(value));
  }

  void begin_key(const YAML::Mark& mark, const std::string& key, bool plain) {
    if (plain && key == "<<") stop(mark, "merge keys (<<) are not allowed", "Write the values out.");
    if (key.size() > limits_.key_bytes) {
      stop(mark, fmt::format("this key has more than {} bytes", limits_.key_bytes), "Shorten it.");
    }
    if (!open_.back().keys.insert(key).second) {
      stop(mark, fmt::format("the key \"{}\" is there twice in this map", show(key)), "Keep one of them.");
    }
    open_.back().key = key;
    open_.back().key_place = lines_.at(offset(mark));
  }

  void add(const YAML::Mark& mark, Value value, Place place) {
    if (!open_.empty() && open_.back().value.is_map() && !open_.back().key) {
      stop(mark, "a key is missing here", "Write a name in front of the colon.");
    }
    value.place = std::move(place);
    put(std::move(value));
  }

  void put(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& parent = open_.back();
    if (Value::List* list = parent.value.list()) {
      list->push_back(std::move(value));
    } else {
      parent.value.map()->push_back(
          Value::Entry{std::move(*parent.key), std::move(parent.key_place), std::move(value)});
      parent.key.reset();
    }
  }

  std::string_view text_;
  Lines& lines_;
  const YamlLimits& limits_;
  std::vector<Open> open_;
  Value root_;
  std::size_t nodes_ = 0;
  bool done_ = false;
};

// Directives (%YAML, %TAG) stand in front of the document; nothing of ours needs one.
Result<void> refuse_directives(std::string_view bytes, Lines& lines) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    const std::string_view line = bytes.substr(at, end - at);
    if (line.starts_with('%')) {
      return fail(Kind::invalid, "directives (%…) are not allowed", "Remove the line.", lines.at(at));
    }
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first != line.npos && line[first] != '#') break;
    at = end + 1;
  }
  return {};
}

bool round_trips(const Value& value, std::string_view text) { return value.as_text() == text; }

}  // namespace

Value plain_scalar(std::string_view text) {
  if (text.empty() || text == "~" || text == "null") return Value();
  if (text == "true") return Value(true);
  if (text == "false") return Value(false);
  const char* end = text.data() + text.size();
  std::int64_t whole = 0;
  if (auto got = std::from_chars(text.data(), end, whole); got.ec == std::errc() && got.ptr == end) {
    Value value(whole);
    if (round_trips(value, text)) return value;
  }
  double number = 0;
  if (auto got = std::from_chars(text.data(), end, number); got.ec == std::errc() && got.ptr == end) {
    Value value(number);
    const bool plain_digits = text.find_first_not_of("-0123456789.") == text.npos && text.contains('.');
    if (std::isfinite(number) && plain_digits && round_trips(value, text)) return value;
  }
  return Value(std::string(text));
}

Result<Value> read_yaml(std::string_view bytes, const std::string& file, const YamlLimits& limits) {
  BELAY_TRYV(check_text(bytes, file, limits.bytes));
  Lines lines(bytes, file);
  BELAY_TRYV(refuse_directives(bytes, lines));
  Builder builder(bytes, lines, limits);
  try {
    ViewBuffer buffer(bytes);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (Stop& stop) {
    return std::unexpected(std::move(stop.error));
  } catch (const YAML::Exception& error) {
    const std::size_t at = error.mark.pos < 0 ? bytes.size() : static_cast<std::size_t>(error.mark.pos);
    return fail(Kind::invalid, "this is not valid YAML: " + error.msg, "Mind the indentation, quotes and brackets.",
                lines.at(at));
  } catch (const std::exception& error) {
    return fail(Kind::invalid, std::string("the YAML cannot be read: ") + error.what(), {}, Place{file, 0, 0});
  }
  Value root = builder.take();
  if (!builder.done()) root.place = Place{file, 1, 1};
  return root;
}

}  // namespace belay::wire
