// Control payloads to JSON and back. What comes in is checked member by member; nothing is taken on trust.
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "belay/worker_protocol.hpp"

namespace belay::worker_protocol {
namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

constexpr std::array kinds{Kind::invalid,     Kind::refused,   Kind::not_found, Kind::conflict,
                           Kind::unreachable, Kind::timeout,   Kind::unknown,   Kind::integrity,
                           Kind::io,          Kind::cancelled, Kind::internal};
constexpr std::array<std::pair<Exit::End, const char*>, 4> ends{{{Exit::End::exited, "exited"},
                                                                 {Exit::End::signalled, "signalled"},
                                                                 {Exit::End::lost, "lost"},
                                                                 {Exit::End::timed_out, "timed-out"}}};

// Reads members of one object; remembers the first thing that was wrong.
class Reader {
 public:
  Reader(std::string_view text, const char* message) : message_(message) {
    json_ = Json::parse(text, nullptr, false);
    if (!json_.is_object()) wrong("is not a JSON object");
  }

  void text(const char* name, std::string& out, bool required = false) {
    const Json* member = find(name, required);
    if (member == nullptr) return;
    if (!member->is_string()) return wrong(name);
    out = member->get<std::string>();
  }

  template <class Number>
  void number(const char* name, Number& out, std::int64_t low, std::int64_t high, bool required = false) {
    const Json* member = find(name, required);
    if (member == nullptr) return;
    if (!member->is_number_integer()) return wrong(name);
    const bool huge =
        member->is_number_unsigned() &&
        member->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (huge || member->get<std::int64_t>() < low || member->get<std::int64_t>() > high) return wrong(name);
    out = static_cast<Number>(member->get<std::int64_t>());
  }

  void texts(const char* name, std::vector<std::string>& out) {
    const Json* member = find(name, false);
    if (member == nullptr) return;
    if (!member->is_array()) return wrong(name);
    for (const Json& element : *member) {
      if (!element.is_string()) return wrong(name);
      out.push_back(element.get<std::string>());
    }
  }

  const Json* find(const char* name, bool required) {
    if (!json_.is_object()) return nullptr;
    const auto it = json_.find(name);
    if (it != json_.end()) return &*it;
    if (required) wrong(name);
    return nullptr;
  }

  void wrong(const char* what) {
    if (problem_.empty()) problem_ = std::string("the message '") + message_ + "' is malformed: " + what;
  }

  template <class T>
  Result<T> finish(T value) const {
    if (!problem_.empty()) return fail(Kind::invalid, problem_);
    return value;
  }

 private:
  const char* message_;
  Json json_;
  std::string problem_;
};

constexpr std::int64_t day_ms = 24LL * 3600 * 1000;

void read_failure(Reader& reader, Failure& out) {
  std::string kind;
  reader.text("kind", kind, true);
  reader.text("what", out.what, true);
  reader.text("next", out.next);
  bool known = false;
  for (const Kind candidate : kinds) {
    if (to_string(candidate) == kind) {
      out.kind = candidate;
      known = true;
    }
  }
  if (!known) reader.wrong("kind");
}

Json failure_json(const Failure& value) {
  return {{"kind", to_string(value.kind)}, {"what", value.what}, {"next", value.next}};
}

}  // namespace

std::string to_json(const Hello& value) {
  Json json{{"version", value.version},
            {"transport", value.transport},
            {"key_file", value.key_file},
            {"scratch", value.scratch},
            {"key", value.key}};
  if (value.failure) json["failure"] = failure_json(*value.failure);
  return dump(json);
}

std::string to_json(const Open& value) {
  return dump({{"name", value.name},
               {"address", value.address},
               {"addresses", value.addresses},
               {"port", value.port},
               {"user", value.user},
               {"host_keys", value.host_keys},
               {"ssh_config", value.ssh_config},
               {"keepalive_ms", value.keepalive_ms},
               {"deadline_ms", value.deadline_ms}});
}

std::string to_json(const Opened& value) { return dump({{"server", value.server}, {"host_key", value.host_key}}); }

std::string to_json(const Failure& value) { return dump(failure_json(value)); }

std::string to_json(const Exec& value) {
  return dump({{"command", value.command}, {"deadline_ms", value.deadline_ms}, {"credit", value.credit}});
}

std::string to_json(const Exit& value) {
  const char* name = "lost";
  for (const auto& [end, text] : ends) {
    if (end == value.end) name = text;
  }
  return dump({{"end", name}, {"status", value.status}, {"signal", value.signal}, {"reason", value.reason}});
}

std::string to_json(const Lost& value) { return dump({{"reason", value.reason}}); }

std::string to_json(const Log& value) { return dump({{"level", value.level}, {"text", value.text}}); }

template <>
Result<Hello> parse(std::string_view json) {
  Hello value;
  Reader reader(json, "hello");
  reader.number("version", value.version, 0, 1'000'000, true);
  reader.text("transport", value.transport);
  reader.text("key_file", value.key_file);
  reader.text("scratch", value.scratch);
  reader.text("key", value.key);
  if (const Json* failure = reader.find("failure", false)) {
    Reader inner(failure->dump(-1, ' ', false, Json::error_handler_t::replace), "hello.failure");
    value.failure.emplace();
    read_failure(inner, *value.failure);
    if (auto checked = inner.finish(true); !checked) return std::unexpected(checked.error());
  }
  return reader.finish(std::move(value));
}

template <>
Result<Open> parse(std::string_view json) {
  Open value;
  Reader reader(json, "open");
  reader.text("name", value.name, true);
  reader.text("address", value.address);
  reader.texts("addresses", value.addresses);
  reader.number("port", value.port, 0, 65535, true);
  reader.text("user", value.user);
  reader.texts("host_keys", value.host_keys);
  reader.text("ssh_config", value.ssh_config);
  reader.number("keepalive_ms", value.keepalive_ms, 2000, day_ms);
  reader.number("deadline_ms", value.deadline_ms, 1, day_ms, true);
  return reader.finish(std::move(value));
}

template <>
Result<Opened> parse(std::string_view json) {
  Opened value;
  Reader reader(json, "opened");
  reader.text("server", value.server);
  reader.text("host_key", value.host_key);
  return reader.finish(std::move(value));
}

template <>
Result<Failure> parse(std::string_view json) {
  Failure value;
  Reader reader(json, "open_failed");
  read_failure(reader, value);
  return reader.finish(std::move(value));
}

template <>
Result<Exec> parse(std::string_view json) {
  Exec value;
  Reader reader(json, "exec");
  reader.text("command", value.command, true);
  reader.number("deadline_ms", value.deadline_ms, 1, day_ms, true);
  reader.number("credit", value.credit, 1, std::numeric_limits<std::uint32_t>::max(), true);
  return reader.finish(std::move(value));
}

template <>
Result<Exit> parse(std::string_view json) {
  Exit value;
  Reader reader(json, "exit");
  std::string name;
  reader.text("end", name, true);
  reader.number("status", value.status, -1, std::numeric_limits<std::int32_t>::max());
  reader.text("signal", value.signal);
  reader.text("reason", value.reason);
  bool known = false;
  for (const auto& [end, text] : ends) {
    if (name == text) {
      value.end = end;
      known = true;
    }
  }
  if (!known) reader.wrong("end");
  return reader.finish(std::move(value));
}

template <>
Result<Lost> parse(std::string_view json) {
  Lost value;
  Reader reader(json, "lost");
  reader.text("reason", value.reason, true);
  return reader.finish(std::move(value));
}

template <>
Result<Log> parse(std::string_view json) {
  Log value;
  Reader reader(json, "log");
  reader.text("level", value.level, true);
  reader.text("text", value.text, true);
  return reader.finish(std::move(value));
}

}  // namespace belay::worker_protocol
