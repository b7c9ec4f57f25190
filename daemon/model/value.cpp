#include "daemon/model/value.hpp"

#include <algorithm>
#include <charconv>

namespace belay {

Value Value::empty_map() { return Value(Map{}); }
Value Value::empty_list() { return Value(List{}); }

const Value* Value::find(std::string_view key) const {
  const Map* members = map();
  if (members == nullptr) return nullptr;
  auto found = std::ranges::find_if(*members, [&](const Entry& entry) { return entry.key == key; });
  return found == members->end() ? nullptr : &found->value;
}

Value* Value::find(std::string_view key) {
  Map* members = map();
  if (members == nullptr) return nullptr;
  auto found = std::ranges::find_if(*members, [&](const Entry& entry) { return entry.key == key; });
  return found == members->end() ? nullptr : &found->value;
}

void Value::set(std::string_view key, Value value) {
  if (Value* present = find(key)) {
    *present = std::move(value);
    return;
  }
  if (!is_map()) data_ = Map{};
  Place key_place = value.place;
  map()->push_back(Entry{std::string(key), std::move(key_place), std::move(value)});
}

std::string Value::text_or(std::string_view key, std::string_view otherwise) const {
  const Value* member = find(key);
  const std::string* found = member == nullptr ? nullptr : member->text();
  return found == nullptr ? std::string(otherwise) : *found;
}

std::optional<std::string> Value::as_text() const {
  char digits[64];
  switch (type()) {
    case Type::text:
      return *text();
    case Type::boolean:
      return *boolean() ? "true" : "false";
    case Type::integer: {
      auto end = std::to_chars(std::begin(digits), std::end(digits), *integer()).ptr;
      return std::string(digits, end);
    }
    case Type::number: {
      auto end = std::to_chars(std::begin(digits), std::end(digits), *number()).ptr;
      return std::string(digits, end);
    }
    case Type::null:
    case Type::list:
    case Type::map:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string_view Value::describe(Type type) {
  switch (type) {
    case Type::null:
      return "nothing";
    case Type::boolean:
      return "true or false";
    case Type::integer:
      return "a whole number";
    case Type::number:
      return "a number";
    case Type::text:
      return "text";
    case Type::list:
      return "a list";
    case Type::map:
      return "a map";
  }
  return "nothing";
}

}  // namespace belay
