#include "daemon/wire/schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "daemon/base/escape.hpp"
#include "daemon/wire/json.hpp"
#include "daemon/wire/schema_walk.hpp"

namespace belay::wire {
namespace {

using Json = nlohmann::json;
using Schemas = std::vector<const Json*>;
constexpr std::size_t longest_matched = 1024;

// A node of the document, how a person would name it, and what the schema says about it.
struct Node {
  const Value* value = nullptr;
  const Place* key_place = nullptr;  // of the key that led here; null for items and the root
  std::string name;                  // "steps[2].name"; empty for the root
  Schemas schemas;
};

std::string append(const std::string& name, const Step& step) {
  if (step.index) return name + "[" + step.key + "]";
  return name.empty() ? show(step.key) : name + "." + show(step.key);
}

// valijson's context is "<root>", "[key]", "[3]", …; the document itself says which are keys.
Node find_node(const Json& schema, const Value& root, const std::vector<std::string>& context) {
  Node node{&root, nullptr, {}, spread(schema, schema)};
  for (std::size_t i = 1; i < context.size(); ++i) {
    const std::string inner = context[i].substr(1, context[i].size() - 2);
    Step step{node.value->is_list(), inner};
    if (const Value::Map* map = node.value->map()) {
      auto entry = std::ranges::find_if(*map, [&](const Value::Entry& e) { return e.key == inner; });
      if (entry == map->end()) break;
      node.value = &entry->value;
      node.key_place = &entry->key_place;
    } else if (const Value::List* list = node.value->list()) {
      const auto index = static_cast<std::size_t>(std::stoul(inner));
      if (index >= list->size()) break;
      node.value = &(*list)[index];
      node.key_place = nullptr;
    } else {
      break;
    }
    node.schemas = descend(schema, node.schemas, step);
    node.name = append(node.name, step);
  }
  return node;
}

std::string type_words(const std::string& type) {
  if (type == "string") return "text";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  if (type == "array") return "a list";
  if (type == "object") return "a map";
  return "nothing";
}

std::string enum_words(const Json& values) {
  std::vector<std::string> words;
  for (const Json& value : values) words.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  return fmt::format("one of {}", fmt::join(words, ", "));
}

// What the schemas of a node accept, in words; `keyword` is the constraint that failed.
std::string expected(const Node& node, const char* keyword) {
  std::vector<std::string> words;
  const auto add = [&](std::string word) {
    if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
  };
  for (const Json* schema : node.schemas) {
    if (auto says = schema->find("x-says"); says != schema->end() && says->is_string()) return says->get<std::string>();
    auto found = schema->find(keyword);
    if (found == schema->end()) continue;
    if (std::string_view(keyword) == "type") {
      if (found->is_string()) add(type_words(found->get<std::string>()));
      if (found->is_array()) {
        for (const Json& type : *found) add(type_words(type.get<std::string>()));
      }
    } else if (std::string_view(keyword) == "enum") {
      add(enum_words(*found));
    } else if (std::string_view(keyword) == "const") {
      add(found->is_string() ? found->get<std::string>() : found->dump());
    } else if (std::string_view(keyword) == "pattern") {
      add("text that matches " + found->get<std::string>());
    }
  }
  return fmt::format("{}", fmt::join(words, " or "));
}

std::string subject(const Node& node) { return node.name.empty() ? "the file" : "\"" + node.name + "\""; }

std::string actual(const Value& value) {
  auto text = value.as_text();
  if (!text) return std::string(Value::describe(value.type()));
  if (text->size() > 60) text = text->substr(0, 57) + "…";
  const bool quoted = value.is_text();
  return quoted ? "\"" + show(*text) + "\"" : fmt::format("{} ({})", show(*text), Value::describe(value.type()));
}

// The name that ends a complaint: "…constraints: 'name'."; names may hold quotes themselves.
std::string quoted_part(const std::string& description, std::string_view lead) {
  auto first = description.find(lead);
  if (first == description.npos) return {};
  first += lead.size();
  const auto last = description.rfind('\'');
  return last > first ? description.substr(first, last - first) : std::string();
}

// "Expected number less than 10.000000" → "a number less than 10".
std::string limit_words(std::string text) {
  for (std::string_view lead : {"Array should contain ", "String should be ", "Object should have ", "Expected "}) {
    if (text.starts_with(lead)) text = (lead == "Expected " ? "a " : "") + text.substr(lead.size());
  }
  if (text.ends_with('.')) text.pop_back();
  if (text.contains('.')) {
    while (text.ends_with('0')) text.pop_back();
    if (text.ends_with('.')) text.pop_back();
  }
  return text;
}

Finding at(const Place& place, std::string message, std::string next = {}) {
  return Finding{Finding::Level::error, "schema", place, std::move(message), std::move(next)};
}

Finding unknown_key(const Node& node, const std::string& key) {
  std::vector<std::string> known;
  for (const Json* schema : node.schemas) {
    if (auto properties = schema->find("properties"); properties != schema->end()) {
      for (const auto& [name, unused] : properties->items()) known.push_back(name);
    }
  }
  Place place = node.value->place;
  if (const Value::Map* map = node.value->map()) {
    auto entry = std::ranges::find_if(*map, [&](const Value::Entry& e) { return e.key == key; });
    if (entry != map->end()) place = entry->key_place;
  }
  const std::string near = nearest(key, known);
  std::string next = known.empty() ? "Remove it." : fmt::format("Known keys: {}.", fmt::join(known, ", "));
  if (!near.empty()) next = fmt::format("Did you mean \"{}\"?", near);
  const std::string where = node.name.empty() ? "" : " in " + subject(node);
  return at(place, fmt::format("the key \"{}\" is not known{}", show(key), where), std::move(next));
}

Finding mismatch(const Node& node, const char* keyword) {
  std::string wanted = expected(node, keyword);
  if (wanted.empty()) wanted = "of another form";
  std::string next;
  const bool wants_text = std::string_view(keyword) == "type" && wanted == "text" && node.value->is_scalar();
  if (wants_text && !node.value->is_null()) next = "Put it in quotes.";
  return at(node.value->place, fmt::format("{} must be {}, not {}", subject(node), wanted, actual(*node.value)),
            std::move(next));
}

// Keys of which one is wanted: a `oneOf` whose every member only requires keys. Empty when there is none.
std::vector<std::string> alternatives(const Node& node) {
  for (const Json* schema : node.schemas) {
    auto members = schema->find("oneOf");
    if (members == schema->end() || !members->is_array()) continue;
    std::vector<std::string> keys;
    const bool only_keys = std::ranges::all_of(*members, [&](const Json& member) {
      auto required = member.find("required");
      if (required == member.end() || required->empty() || !required->front().is_string()) return false;
      keys.push_back(required->front().get<std::string>());
      return true;
    });
    if (only_keys) return keys;
  }
  return {};
}

// The sentence for one complaint of valijson, or nothing when it only repeats what a deeper one says.
std::optional<Finding> explain(const Node& node, const std::string& description) {
  const auto says = [&](std::string_view part) { return description.find(part) != description.npos; };
  if (says("'type' constraint")) return mismatch(node, "type");
  if (says("enum values")) return mismatch(node, "enum");
  if (says("'const' constraint")) return mismatch(node, "const");
  if (says("'pattern' constraint")) return mismatch(node, "pattern");
  const std::vector<std::string> choice = alternatives(node);
  if (!choice.empty() && says("oneOf constraint")) {
    return at(node.value->place, fmt::format("{} needs one of {}", subject(node), fmt::join(choice, ", ")), "Add one.");
  }
  if (!choice.empty() && says("exactly one child schema")) {
    return at(node.value->place, fmt::format("{} takes only one of {}", subject(node), fmt::join(choice, ", ")),
              "Remove the others.");
  }
  if (says("Missing required property")) {
    const std::string where = node.name.empty() ? "" : " in " + subject(node);
    const std::string name = quoted_part(description, "property '");
    if (std::ranges::find(choice, name) != choice.end()) return std::nullopt;  // said once, for all of them
    return at(node.value->place, fmt::format("\"{}\" is missing{}", name, where), fmt::format("Add {}.", name));
  }
  if (says("Object contains a property")) return unknown_key(node, quoted_part(description, "constraints: '"));
  if (says("no fewer than 1 ") || says("no fewer than 1.")) {
    return at(node.value->place, subject(node) + " must not be empty");
  }
  if (says("Failed to validate ") || says("Failed to match") || says("should not validate")) {
    return std::nullopt;  // what encloses the cause
  }
  const char* verb = node.value->is_list() || node.value->is_map() ? "have" : "be";
  return at(node.value->place, fmt::format("{} must {} {}", subject(node), verb, limit_words(description)));
}

// Text that a regular expression would have to read, and that is too long to let it.
void find_long_texts(const Json& root, const Value& value, const Schemas& schemas, const std::string& name,
                     Findings& out) {
  if (const std::string* text = value.text()) {
    const bool matched = std::ranges::any_of(schemas, [](const Json* schema) { return schema->contains("pattern"); });
    if (matched && text->size() > longest_matched) {
      out.push_back(
          at(value.place, fmt::format("\"{}\" is longer than {} bytes", name, longest_matched), "Shorten it."));
    }
  } else if (const Value::List* list = value.list()) {
    const Schemas below = descend(root, schemas, Step{true, "0"});
    for (std::size_t i = 0; i < list->size() && !below.empty(); ++i) {
      find_long_texts(root, (*list)[i], below, append(name, Step{true, std::to_string(i)}), out);
    }
  } else if (const Value::Map* map = value.map()) {
    for (const auto& entry : *map) {
      const Step step{false, entry.key};
      const Schemas below = descend(root, schemas, step);
      if (!below.empty()) find_long_texts(root, entry.value, below, append(name, step), out);
    }
  }
}

}  // namespace

struct Schema::Parts {
  Json text;
  valijson::Schema compiled;
};

Schema::Schema(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

Result<Schema> Schema::compile(std::string_view text, const std::string& name) {
  auto parts = std::make_unique<Parts>();
  BELAY_TRY(parts->text, read_json(text, name));
  try {
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(parts->text), parts->compiled);
  } catch (const std::exception& error) {
    return fail(Kind::invalid, std::string("this is not a usable JSON Schema: ") + error.what(), {}, Place{name, 0, 0});
  }
  return Schema(std::move(parts));
}

Findings Schema::check(const Value& value) const {
  Findings findings;
  find_long_texts(parts_->text, value, spread(parts_->text, parts_->text), {}, findings);
  if (!findings.empty()) return findings;
  const Json document = to_json(value);
  valijson::ValidationResults results;
  try {
    valijson::Validator validator;
    if (validator.validate(parts_->compiled, valijson::adapters::NlohmannJsonAdapter(document), &results)) return {};
  } catch (const std::exception& error) {
    return {at(value.place, std::string("this cannot be checked: ") + error.what())};
  }
  std::set<std::tuple<int, int, std::string>> said;
  const auto add = [&](Finding finding) {
    if (said.emplace(finding.place.line, finding.place.column, finding.message).second) {
      findings.push_back(std::move(finding));
    }
  };
  for (const auto& error : results) {
    if (auto finding = explain(find_node(parts_->text, value, error.context), error.description)) {
      add(std::move(*finding));
    }
  }
  if (findings.empty()) {
    // Only enclosing complaints: the deepest names the node, the schema's own words say the rest.
    auto deepest = std::ranges::max_element(results, {}, [](const auto& error) { return error.context.size(); });
    const Node node = deepest == results.end() ? find_node(parts_->text, value, {"<root>"})
                                               : find_node(parts_->text, value, deepest->context);
    add(mismatch(node, "enum"));
  }
  sort(findings);
  return findings;
}

std::string Schema::annotation(std::string_view name, std::string_view keyword) const {
  for (const Json* schema : descend(parts_->text, spread(parts_->text, parts_->text), Step{false, std::string(name)})) {
    auto found = schema->find(std::string(keyword));
    if (found != schema->end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

Error to_error(const Finding& finding) { return Error{Kind::invalid, finding.message, finding.next, finding.place}; }

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  if (word.size() > 64) return best;
  for (const std::string& candidate : candidates) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t replace = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace belay::wire
