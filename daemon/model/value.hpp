// Value: a small tree of plain data (null, bool, int, double, text, list, map) that knows where it was written.
//
// It carries what people wrote in release.yaml, playbook.yaml and the configuration, without any YAML or JSON type, so
// that every later message can point at file:line:column. Maps keep the order of the file; the readers (daemon/wire)
// guarantee unique keys. Equality compares data only, never places. Plain values: copy them freely, share const ones
// across threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay {

class Value {
 public:
  enum class Type : std::uint8_t { null, boolean, integer, number, text, list, map };
  struct Entry;
  using List = std::vector<Value>;
  using Map = std::vector<Entry>;

  Place place;  // where the node begins; line 0 when it was not read from a file

  Value();
  explicit Value(bool value);
  explicit Value(int value);
  explicit Value(std::int64_t value);
  explicit Value(double value);
  explicit Value(std::string value);
  explicit Value(const char* value);
  explicit Value(List value);
  explicit Value(Map value);
  static Value empty_map();
  static Value empty_list();

  [[nodiscard]] Type type() const { return static_cast<Type>(data_.index()); }
  [[nodiscard]] bool is_null() const { return type() == Type::null; }
  [[nodiscard]] bool is_text() const { return type() == Type::text; }
  [[nodiscard]] bool is_list() const { return type() == Type::list; }
  [[nodiscard]] bool is_map() const { return type() == Type::map; }
  [[nodiscard]] bool is_scalar() const { return !is_list() && !is_map(); }

  // Null when the node is of another type.
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&data_); }
  [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data_); }
  [[nodiscard]] const double* number() const { return std::get_if<double>(&data_); }
  [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&data_); }
  [[nodiscard]] const List* list() const { return std::get_if<List>(&data_); }
  [[nodiscard]] const Map* map() const { return std::get_if<Map>(&data_); }
  [[nodiscard]] std::string* text() { return std::get_if<std::string>(&data_); }
  [[nodiscard]] List* list() { return std::get_if<List>(&data_); }
  [[nodiscard]] Map* map() { return std::get_if<Map>(&data_); }

  // The member of a map; null when this is no map or has no such key.
  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] Value* find(std::string_view key);
  // Sets or replaces a member; a node that is no map becomes one.
  void set(std::string_view key, Value value);

  // The text of `key` when it is there and text, otherwise `otherwise`.
  [[nodiscard]] std::string text_or(std::string_view key, std::string_view otherwise = {}) const;

  // A scalar as the characters that were written: "true", "640", "1.5", the text itself. The YAML reader keeps a scalar
  // as a number only when this gives the same characters back, so nothing is lost ("0640" and "1.10" stay text).
  // nullopt for null, lists and maps.
  [[nodiscard]] std::optional<std::string> as_text() const;

  // "text", "a list", "true or false", …: for messages.
  [[nodiscard]] static std::string_view describe(Type type);

  friend bool operator==(const Value& a, const Value& b);

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Map> data_;
};

struct Value::Entry {
  std::string key;
  Place key_place;
  Value value;

  friend bool operator==(const Entry& a, const Entry& b) { return a.key == b.key && a.value == b.value; }
};

// Entry holds a Value, so what needs it complete stands here.
inline Value::Value() = default;
inline Value::Value(bool value) : data_(value) {}
inline Value::Value(int value) : data_(std::int64_t{value}) {}
inline Value::Value(std::int64_t value) : data_(value) {}
inline Value::Value(double value) : data_(value) {}
inline Value::Value(std::string value) : data_(std::move(value)) {}
inline Value::Value(const char* value) : data_(std::string(value)) {}
inline Value::Value(List value) : data_(std::move(value)) {}
inline Value::Value(Map value) : data_(std::move(value)) {}
inline bool operator==(const Value& a, const Value& b) { return a.data_ == b.data_; }

}  // namespace belay
