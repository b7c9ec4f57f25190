#include "daemon/engine/param_files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/base/escape.hpp"
#include "daemon/model/duration.hpp"
#include "daemon/model/words.hpp"
#include "daemon/wire/yaml.hpp"

namespace belay::engine {
namespace {

// One argument of a command is at most 128 KiB on Linux; everything else fits below that too.
constexpr std::size_t largest_value = 120 * 1024;
constexpr std::uint64_t largest_template = 1u << 20;

Result<std::string> checked(std::string text, const std::string& name, const Place& place) {
  if (text.find('\0') != std::string::npos)
    return fail(Kind::invalid, fmt::format("`{}` holds a NUL byte, which no path or argument can", name), {}, place);
  if (text.size() > largest_value)
    return fail(Kind::invalid, fmt::format("`{}` is larger than 120 KiB", name), "Put it into a payload file", place);
  return text;
}

Result<std::string> rendered(const Value& value, const std::string& name, const Lookup& variables) {
  const auto text = value.as_text();
  if (!text) return fail(Kind::invalid, fmt::format("`{}` must be a text or a number", name), {}, value.place);
  BELAY_TRY(std::string out, render(*text, variables, value.place));
  return checked(std::move(out), name, value.place);
}

bool is_parameter_name(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name.size() <= 64 && is_variable_name(name);
}

std::string payload_name(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  if (text.starts_with("./")) text.erase(0, 2);
  return text;
}

Result<const Member*> payload_file(const ParamContext& context, const std::string& path, const Place& place) {
  const auto found = context.package.members.find(payload_name(path));
  if (found == context.package.members.end() || found->second.type != 'f')
    return fail(Kind::invalid, fmt::format("the package holds no file {}", show(path)),
                "Paths of the payload begin with files/ and name files that `belay package show` lists", place);
  return &found->second;
}

// One line per entry, sorted by path; the form is that of docs/host-protocol.md.
Result<std::string> tree_list(const ParamContext& context, const std::string& path, const Place& place,
                              std::set<std::string>& blobs) {
  const std::string root = payload_name(path) + "/";
  std::string out;
  for (auto it = context.package.members.lower_bound(root);
       it != context.package.members.end() && it->first.starts_with(root); ++it) {
    const Member& member = it->second;
    const std::string digest = member.type == 'f' ? member.digest.hex() : "-";
    if (member.type == 'f') blobs.insert(digest);
    out +=
        fmt::format("{} {:04o} {} {} {}\n", member.type, member.mode & 07777, digest,
                    encode_path(it->first.substr(root.size())), member.type == 'l' ? encode_path(member.target) : "-");
  }
  if (out.empty())
    return fail(Kind::invalid, fmt::format("the package holds nothing below {}", show(path)),
                "Name a folder of the payload, such as files/portal", place);
  return out;
}

Result<std::string> absolute_path(std::string text, const std::string& name, const Place& place) {
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  const auto bad = [&](const char* what) {
    return fail(Kind::invalid, fmt::format("`{}` is {}, which {}", name, show(text), what),
                "Write an absolute path without . or ..", place);
  };
  if (!text.starts_with('/')) return bad("is not an absolute path");
  if (text == "/") return bad("is the root of the host");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('/', at + 1), text.size());
    const std::string_view part = std::string_view(text).substr(at + 1, end - at - 1);
    if (part.empty() || part == "." || part == "..") return bad("has an empty, . or .. component");
    at = end;
  }
  return text;
}

Result<void> scalar(const ParamContext& context, const std::string& kind, const std::string& name, const Value& value,
                    Params& out) {
  BELAY_TRY(std::string text, rendered(value, name, context.variables));
  if (kind == "path") {
    BELAY_TRY(text, absolute_path(std::move(text), name, value.place));
  } else if (kind == "duration") {
    Value written(text);
    written.place = value.place;
    BELAY_TRY(const int seconds, parse_duration(written));
    text = std::to_string(seconds);
  } else if (kind == "content") {
    BELAY_TRY(const Digest digest, context.blobs.put(text));
    text = digest.hex();
    out.blobs.insert(text);
  } else if (kind == "payload-file") {
    BELAY_TRY(const Member* member, payload_file(context, text, value.place));
    text = member->digest.hex();
    out.blobs.insert(text);
  } else if (kind == "template") {
    BELAY_TRY(const Member* member, payload_file(context, text, value.place));
    if (member->size > largest_template)
      return fail(Kind::invalid, fmt::format("the template {} is larger than 1 MiB", show(text)),
                  "Use `file` for large files", value.place);
    BELAY_TRY(const std::string source, context.blobs.get(member->digest, largest_template));
    BELAY_TRY(const std::string filled, render(source, context.variables, Place{text, 0, 0}));
    BELAY_TRY(const Digest digest, context.blobs.put(filled));
    text = digest.hex();
    out.blobs.insert(text);
  } else if (kind == "payload-tree") {
    BELAY_TRY(text, tree_list(context, text, value.place, out.blobs));
  }
  out.files[name] = std::move(text);
  return {};
}

}  // namespace

namespace {

// Fills in every text; one that held a variable is typed anew.
Result<Value> filled_in(const Value& value, const Lookup& variables) {
  if (const std::string* written = value.text(); written != nullptr) {
    BELAY_TRY(const std::string text, render(*written, variables, value.place));
    Value out = text == *written ? value : wire::plain_scalar(text);
    out.place = value.place;
    return out;
  }
  Value out = value;
  if (out.list() != nullptr)
    for (Value& item : *out.list()) {
      BELAY_TRY(item, filled_in(item, variables));
    }
  if (out.map() != nullptr)
    for (Value::Entry& entry : *out.map()) {
      BELAY_TRY(entry.value, filled_in(entry.value, variables));
    }
  return out;
}

// A schema that wants text takes a number that was filled in, as it takes "8080" in quotes.
Value as_texts(const Value& value) {
  Value out = value;
  if (out.list() != nullptr)
    for (Value& item : *out.list()) item = as_texts(item);
  else if (out.map() != nullptr)
    for (Value::Entry& entry : *out.map()) entry.value = as_texts(entry.value);
  else if (const auto text = value.as_text(); text && !value.is_text())
    out = Value(*text);
  out.place = value.place;
  return out;
}

}  // namespace

Result<void> check_rendered(const wire::Schema& schema, const Value& params, const Lookup& variables) {
  BELAY_TRY(const Value rendered, filled_in(params, variables));
  if (rendered == params) return {};
  const Findings typed = schema.check(rendered);
  if (typed.empty() || schema.check(as_texts(rendered)).empty()) return {};
  return std::unexpected(wire::to_error(typed.front()));
}

Result<void> argv_files(const std::string& name, const Value& value, const Lookup& variables, ParamFiles& out) {
  BELAY_TRY(const std::vector<std::string> words, words_of(value));
  for (std::size_t i = 0; i < words.size(); ++i) {
    BELAY_TRY(std::string word, render(words[i], variables, value.place));
    BELAY_TRY(out[fmt::format("{}.{}", name, i)], checked(std::move(word), name, value.place));
  }
  return {};
}

Result<Params> param_files(const ParamContext& context, const Value& params) {
  Params out;
  if (params.map() == nullptr) return out;
  for (const Value::Entry& entry : *params.map()) {
    // The name becomes the name of a file on the host.
    if (!is_parameter_name(entry.key))
      return fail(Kind::invalid, fmt::format("\"{}\" is no name of a parameter", show(entry.key)),
                  "Use letters, digits, _ and -", entry.key_place);
    const auto found = context.action.kinds.find(entry.key);
    const std::string kind = found == context.action.kinds.end() ? "" : found->second;
    const Value& value = entry.value;
    if (kind == "argv") {
      BELAY_TRYV(argv_files(entry.key, value, context.variables, out.files));
    } else if (value.list() != nullptr) {
      const Value::List& list = *value.list();
      for (std::size_t i = 0; i < list.size(); ++i)
        BELAY_TRYV(scalar(context, kind, fmt::format("{}.{}", entry.key, i), list[i], out));
    } else if (value.map() != nullptr) {
      for (const Value::Entry& member : *value.map()) {
        if (!is_variable_name(member.key))
          return fail(Kind::invalid, fmt::format("\"{}\" is no name", show(member.key)), "Use letters, digits and _",
                      member.key_place);
        BELAY_TRYV(scalar(context, kind, fmt::format("{}.k.{}", entry.key, member.key), member.value, out));
      }
    } else if (!value.is_null()) {
      BELAY_TRYV(scalar(context, kind, entry.key, value, out));
    }
  }
  return out;
}

namespace {

// What one rule makes of the parameters: the touch, and for a list the elements that each make one of their own.
struct Filled {
  Touch touch;
  std::string list_name;  // the resource's parameter that takes the elements
  std::vector<std::string> elements;
};

Filled fill(const plugin::ActionInfo& action, const plugin::TouchRule& rule, const ParamFiles& params) {
  Filled out{{rule.resource, {}}, {}, {}};
  for (const auto& [name, text] : rule.params) {
    if (!text.starts_with('$')) {
      out.touch.params[name] = text;
      continue;
    }
    const std::string from = text.substr(1);
    const auto kind = action.kinds.find(from);
    const bool words = kind != action.kinds.end() && kind->second == "argv";
    if (const auto whole = params.find(from); whole != params.end()) out.touch.params[name] = whole->second;
    for (const auto& [file, bytes] : params)
      if (file.starts_with(from + ".k.") || (words && file.starts_with(from + ".")))
        out.touch.params[name + file.substr(from.size())] = bytes;
    for (int i = 0; !words; ++i) {
      const auto element = params.find(fmt::format("{}.{}", from, i));
      if (element == params.end()) break;
      out.list_name = name;
      out.elements.push_back(element->second);
    }
  }
  return out;
}

bool has_all(const Touch& touch, const std::vector<std::string>& required) {
  return std::ranges::all_of(required, [&](const std::string& name) {
    const auto at = touch.params.lower_bound(name);
    return at != touch.params.end() && (at->first == name || at->first.starts_with(name + "."));
  });
}

}  // namespace

Result<std::vector<Touch>> touches_of(const plugin::Catalogue& catalogue, const plugin::ActionInfo& action,
                                      const ParamFiles& params, const std::vector<std::string>& extra) {
  std::vector<Touch> out;
  const auto add = [&](Touch touch) {
    const plugin::ResourceInfo* resource = catalogue.resource(touch.resource);
    if (resource != nullptr && !has_all(touch, resource->required)) return;
    if (std::ranges::find(out, touch) == out.end()) out.push_back(std::move(touch));
  };
  for (const plugin::TouchRule& rule : action.touches) {
    const Filled filled = fill(action, rule, params);
    if (filled.elements.empty()) add(filled.touch);
    for (const std::string& element : filled.elements) {
      Touch one = filled.touch;
      one.params[filled.list_name] = element;
      add(std::move(one));
    }
  }
  for (const std::string& path : extra) {
    BELAY_TRY(std::string checked_path, absolute_path(path, "touches", {}));
    add(Touch{"path", {{"path", std::move(checked_path)}}});
  }
  return out;
}

}  // namespace belay::engine
