#include "daemon/wire/json.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "daemon/base/escape.hpp"
#include "daemon/wire/text.hpp"

namespace belay::wire {
namespace {

using Json = nlohmann::json;

// Builds the tree without recursion; every false stops the parser, `error` says why.
class Builder : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(const JsonLimits& limits) : limits_(limits) {}

  Json root;
  std::string error;             // what is wrong, when parsing stopped
  std::size_t error_offset = 0;  // bytes read when the parser itself complained; 0 when unknown

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return begin(Json::object()); }
  bool start_array(std::size_t) override { return begin(Json::array()); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }
  bool key(string_t& name) override {
    if (open_.back()->contains(name)) {
      error = fmt::format("the key \"{}\" is there twice in one object", show(name));
      return false;
    }
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const Json::exception& why) override {
    error_offset = position;
    error = why.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …": only the last part is for people.
    if (const auto at = error.find(": "); at != error.npos) error = error.substr(at + 2);
    return false;
  }

 private:
  Json* place(Json value) {
    if (++values_ > limits_.values) {
      error = fmt::format("there are more than {} values", limits_.values);
      return nullptr;
    }
    if (open_.empty()) {
      root = std::move(value);
      return &root;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }
  bool put(Json value) { return place(std::move(value)) != nullptr; }
  bool begin(Json value) {
    if (open_.size() >= limits_.depth) {
      error = fmt::format("it is nested deeper than {}", limits_.depth);
      return false;
    }
    Json* placed = place(std::move(value));
    if (placed != nullptr) open_.push_back(placed);
    return placed != nullptr;
  }
  bool end() {
    open_.pop_back();
    return true;
  }

  const JsonLimits& limits_;
  std::vector<Json*> open_;  // stays valid: only the last child of each open node ever grows
  std::string key_;
  std::size_t values_ = 0;
};

}  // namespace

Result<Json> read_json(std::string_view bytes, const std::string& file, const JsonLimits& limits) {
  BELAY_TRYV(check_text(bytes, file, limits.bytes));
  Builder builder(limits);
  bool whole = false;
  try {
    whole = Json::sax_parse(bytes.begin(), bytes.end(), &builder);
  } catch (const std::exception& error) {
    builder.error = error.what();
  }
  if (whole) return std::move(builder.root);
  Place place{file, 0, 0};
  if (builder.error_offset > 0) place = Lines(bytes, file).at(builder.error_offset - 1);
  return fail(Kind::invalid, "this is not JSON that can be read: " + builder.error, {}, std::move(place));
}

Json to_json(const Value& value) {
  switch (value.type()) {
    case Value::Type::null:
      return nullptr;
    case Value::Type::boolean:
      return *value.boolean();
    case Value::Type::integer:
      return *value.integer();
    case Value::Type::number:
      return *value.number();
    case Value::Type::text:
      return *value.text();
    case Value::Type::list: {
      Json out = Json::array();
      for (const Value& item : *value.list()) out.push_back(to_json(item));
      return out;
    }
    case Value::Type::map: {
      Json out = Json::object();
      for (const auto& entry : *value.map()) out[entry.key] = to_json(entry.value);
      return out;
    }
  }
  return nullptr;
}

Value from_json(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean:
      return Value(json.get<bool>());
    case Json::value_t::number_integer:
      return Value(json.get<std::int64_t>());
    case Json::value_t::number_unsigned: {
      const auto number = json.get<std::uint64_t>();
      if (number <= static_cast<std::uint64_t>(INT64_MAX)) return Value(static_cast<std::int64_t>(number));
      return Value(static_cast<double>(number));
    }
    case Json::value_t::number_float:
      return Value(json.get<double>());
    case Json::value_t::string:
      return Value(json.get<std::string>());
    case Json::value_t::array: {
      Value::List list;
      for (const Json& item : json) list.push_back(from_json(item));
      return Value(std::move(list));
    }
    case Json::value_t::object: {
      Value::Map map;
      for (const auto& [key, item] : json.items()) map.push_back(Value::Entry{key, {}, from_json(item)});
      return Value(std::move(map));
    }
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded:
      return Value();
  }
  return Value();
}

Result<std::string> canonical_json(const Json& json) {
  try {
    return json.dump(-1, ' ', false, Json::error_handler_t::strict);
  } catch (const std::exception&) {
    return fail(Kind::invalid, "a text in this data is not valid UTF-8, so it has no canonical JSON form");
  }
}

}  // namespace belay::wire
