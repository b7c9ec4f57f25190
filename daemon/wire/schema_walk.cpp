#include "daemon/wire/schema_walk.hpp"

#include <algorithm>

namespace belay::wire {
namespace {

using Json = nlohmann::json;
constexpr std::size_t most = 64;

void spread_into(const Json& root, const Json& schema, std::vector<const Json*>& out) {
  if (!schema.is_object() || out.size() >= most || std::ranges::find(out, &schema) != out.end()) return;
  out.push_back(&schema);
  if (auto ref = schema.find("$ref"); ref != schema.end() && ref->is_string()) {
    const auto& text = ref->get_ref<const std::string&>();
    if (text == "#") spread_into(root, root, out);
    if (text.starts_with("#/")) {
      const Json::json_pointer pointer(text.substr(1));
      if (root.contains(pointer)) spread_into(root, root.at(pointer), out);
    }
  }
  for (const char* keyword : {"allOf", "anyOf", "oneOf"}) {
    auto members = schema.find(keyword);
    if (members == schema.end() || !members->is_array()) continue;
    for (const Json& member : *members) spread_into(root, member, out);
  }
  for (const char* keyword : {"if", "then", "else", "not"}) {
    if (auto member = schema.find(keyword); member != schema.end()) spread_into(root, *member, out);
  }
}

}  // namespace

std::vector<const Json*> spread(const Json& root, const Json& schema) {
  std::vector<const Json*> out;
  spread_into(root, schema, out);
  return out;
}

std::vector<const Json*> descend(const Json& root, const std::vector<const Json*>& from, const Step& step) {
  std::vector<const Json*> out;
  for (const Json* schema : from) {
    const auto follow = [&](const char* keyword) {
      auto member = schema->find(keyword);
      if (member != schema->end()) spread_into(root, *member, out);
      return member != schema->end();
    };
    if (step.index) {
      follow("items");
      follow("contains");
      continue;
    }
    auto properties = schema->find("properties");
    if (properties != schema->end() && properties->contains(step.key)) {
      spread_into(root, properties->at(step.key), out);
      continue;
    }
    if (auto patterns = schema->find("patternProperties"); patterns != schema->end() && patterns->is_object()) {
      for (const Json& member : *patterns) spread_into(root, member, out);
    }
    follow("additionalProperties");
  }
  return out;
}

}  // namespace belay::wire
