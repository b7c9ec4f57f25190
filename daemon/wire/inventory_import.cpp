#include "daemon/wire/inventory_import.hpp"

#include <fmt/format.h>

#include <charconv>

#include "daemon/base/escape.hpp"
#include "daemon/model/host_key.hpp"
#include "daemon/model/template.hpp"
#include "daemon/wire/inventory_groups.hpp"
#include "daemon/wire/json.hpp"
#include "daemon/wire/yaml.hpp"

namespace belay::wire {
namespace {

// Larger than other files may be: an inventory of ten thousand hosts is one file.
constexpr std::size_t largest = 64U << 20;

Result<Value> read(std::string_view text, const std::string& file) {
  if (text.starts_with("#!"))
    return fail(Kind::invalid, "this is a program, and an inventory is only read",
                "Run it with --list and import what it prints.", Place{file, 1, 1});
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    BELAY_TRY(const auto json, read_json(text, file, {.bytes = largest, .depth = 32, .values = 2'000'000}));
    Value value = from_json(json);
    value.place.file = file;
    return value;
  }
  if (first != std::string_view::npos && text[first] == '[')
    return fail(Kind::invalid, "this looks like an INI inventory, which is not read",
                "Turn it into JSON: `ansible-inventory -i FILE --list > hosts.json`, and import that.",
                Place{file, 1, 1});
  return read_yaml(text, file, {.bytes = largest, .depth = 32, .nodes = 2'000'000, .key_bytes = 1024});
}

// One host, made of its variables.
class HostMaker {
 public:
  HostMaker(std::string name, Place place, const std::string& environment) : place_(std::move(place)) {
    host_.name = std::move(name);
    host_.environment = environment;
    host_.address = host_.name;
  }

  Result<void> start() {
    if (!valid_name(host_.name))
      return fail(
          Kind::invalid, fmt::format("'{}' cannot be a host's name", show(host_.name)),
          "Use letters, digits, '.', '_' and '-', at most 64, beginning with a letter or digit; other addresses go "
          "into ansible_host.",
          place_);
    return {};
  }

  Result<void> group(const std::string& name) {
    if (name == "all" || name == "ungrouped") return {};
    if (!valid_name(name))
      return fail(Kind::invalid, fmt::format("'{}' (of host '{}') cannot be a group's name", show(name), host_.name),
                  "Use letters, digits, '.', '_' and '-', at most 64, beginning with a letter or digit.", place_);
    host_.groups.push_back(name);
    return {};
  }

  Result<void> take(const std::string& name, const Value& value, Findings& left_out) {
    if (name == "belay_host_keys") return host_keys(value);
    if (name == "ansible_port") return port(value);
    if (name == "ansible_connection") return connection(value);
    if (name == "ansible_host")
      return checked(name, value, host_.address, valid_address, "a host name or an IP address");
    if (name == "ansible_user") return checked(name, value, host_.user, valid_name, "an SSH user's name");
    if (name == "belay_base")
      return checked(name, value, host_.base, valid_path, "an absolute path of letters, digits and /._-");
    if (name == "belay_transport") return checked(name, value, host_.transport, is_transport, "ssh, openssh or local");
    return variable(name, value, left_out);
  }

  // After all variables: what they make together. `ansible_host` may be missing, the name is the address then.
  Result<Host> finish() {
    if (!valid_address(host_.address))
      return fail(Kind::invalid, fmt::format("'{}' is no host name and no IP address", show(host_.address)),
                  "Set ansible_host.", place_);
    return std::move(host_);
  }

 private:
  static bool is_transport(std::string_view text) { return text == "ssh" || text == "openssh" || text == "local"; }

  std::unexpected<Error> wrong(const std::string& name, const Value& value, std::string_view what,
                               std::string next = {}) const {
    return fail(Kind::invalid, fmt::format("{} of host '{}' {}", show(name), host_.name, what), std::move(next),
                at(value));
  }
  // JSON has no places of its own: the host's stands in.
  [[nodiscard]] Place at(const Value& value) const { return value.place.line > 0 ? value.place : place_; }

  // The characters of a scalar, which no template may be in.
  Result<std::string> plain(const std::string& name, const Value& value) const {
    auto text = value.as_text();
    if (!text) return wrong(name, value, fmt::format("must be text, not {}", Value::describe(value.type())));
    if (text->contains("{{") || text->contains("{%"))
      return wrong(name, value, "is a template, and nothing in an inventory is rendered",
                   "Write the value itself: `ansible HOST -m debug -a var=" + name + "` shows it.");
    return std::move(*text);
  }

  Result<void> checked(const std::string& name, const Value& value, std::string& into, bool (*valid)(std::string_view),
                       std::string_view form) {
    BELAY_TRY(std::string text, plain(name, value));
    if (!valid(text)) return wrong(name, value, fmt::format("is '{}', and must be {}", show(text), form));
    into = std::move(text);
    return {};
  }

  Result<void> port(const Value& value) {
    BELAY_TRY(const std::string text, plain("ansible_port", value));
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 1 || number > 65535)
      return wrong("ansible_port", value, fmt::format("is '{}', and must be a number from 1 to 65535", show(text)));
    host_.port = static_cast<std::uint16_t>(number);
    return {};
  }

  Result<void> connection(const Value& value) {
    BELAY_TRY(const std::string text, plain("ansible_connection", value));
    if (text == "local" && host_.transport.empty()) host_.transport = "local";
    if (text == "local" || text == "ssh" || text == "smart" || text == "paramiko" || text == "paramiko_ssh") return {};
    return wrong("ansible_connection", value, fmt::format("is '{}', and Belay reaches hosts by SSH", show(text)),
                 "Leave the host out of what you import.");
  }

  Result<void> host_keys(const Value& value) {
    Value::List one;
    if (value.is_text()) one.push_back(value);
    const Value::List* lines = value.is_list() ? value.list() : &one;
    if (lines->empty()) return wrong("belay_host_keys", value, "must be a list of host keys");
    for (const Value& line : *lines) {
      BELAY_TRY(std::string text, plain("belay_host_keys", line));
      if (auto fine = check_host_key(text); !fine) {
        fine.error().what = fmt::format("belay_host_keys of host '{}': {}", host_.name, fine.error().what);
        fine.error().place = at(line);
        return fine;
      }
      const std::string type = text.substr(0, text.rfind(' '));
      for (const std::string& other : host_.host_keys)
        if (other.substr(0, other.rfind(' ')) == type)
          return wrong("belay_host_keys", line, fmt::format("has two keys of type {}", type), "Pin one key per type.");
      host_.host_keys.push_back(std::move(text));
    }
    return {};
  }

  // A variable that is the playbook's, or that Belay has no use for.
  Result<void> variable(const std::string& name, const Value& value, Findings& left_out) {
    const auto leave = [&](std::string_view why) {
      left_out.push_back({Finding::Level::warning, "inventory", at(value),
                          fmt::format("{} of host '{}' is not taken: {}", show(name), host_.name, why), ""});
      return Result<void>();
    };
    if (name.starts_with("ansible_")) return leave("Belay has its own identity and settings per environment");
    if (!is_variable_name(name)) return leave("its name is no variable's name");
    if (!value.as_text()) return leave(fmt::format("it is {}, and variables are text", Value::describe(value.type())));
    BELAY_TRY(host_.vars[name], plain(name, value));
    return {};
  }

  Host host_;
  Place place_;
};

}  // namespace

Result<ImportedInventory> import_inventory(std::string_view text, const std::string& file,
                                           const std::string& environment) {
  BELAY_TRY(const Value root, read(text, file));
  auto groups = read_groups(root);
  if (!groups) {
    Error error = std::move(groups).error();
    if (!error.place || error.place->file.empty()) error.place = Place{file, 0, 0};
    return std::unexpected(std::move(error));
  }
  ImportedInventory imported;
  for (const auto& [name, unused] : groups->host_vars) {
    Place place = groups->host_places.at(name);
    place.file = file;
    HostMaker maker(name, std::move(place), environment);
    BELAY_TRYV(maker.start());
    for (const std::string& group : groups->groups_of(name)) BELAY_TRYV(maker.group(group));
    // belay_transport comes after ansible_connection in the alphabet, and wins over it.
    for (const auto& [var, value] : groups->vars_of(name)) BELAY_TRYV(maker.take(var, value, imported.left_out));
    BELAY_TRY(Host host, maker.finish());
    imported.hosts.push_back(std::move(host));
  }
  sort(imported.left_out);
  return imported;
}

}  // namespace belay::wire
