#include "cli/view.hpp"

#include <algorithm>

#include "cli/text.hpp"

namespace belay::cli {
namespace {

const Json* member(const Json& document, const char* name) {
  if (!document.is_object()) return nullptr;
  const auto found = document.find(name);
  return found == document.end() ? nullptr : &*found;
}

std::vector<std::string> texts_at(const Json& document, const char* name) {
  std::vector<std::string> out;
  for (const Json& item : list_at(document, name)) {
    if (item.is_string()) out.push_back(safe(item.get<std::string>()));
  }
  return out;
}

HostView read_host(const Json& document) {
  HostView host;
  host.name = text_at(document, "name");
  host.batch = static_cast<int>(number_at(document, "batch"));
  host.state = text_at(document, "state");
  host.note = text_at(document, "note");
  for (const Json& step : list_at(document, "steps")) {
    host.steps.push_back({static_cast<int>(number_at(step, "step")), text_at(step, "phase"), text_at(step, "note")});
  }
  return host;
}

}  // namespace

std::string text_at(const Json& document, const char* name) {
  const Json* found = member(document, name);
  return found != nullptr && found->is_string() ? safe(found->get<std::string>()) : std::string();
}

std::int64_t number_at(const Json& document, const char* name, std::int64_t otherwise) {
  const Json* found = member(document, name);
  return found != nullptr && found->is_number() ? found->get<std::int64_t>() : otherwise;
}

bool flag_at(const Json& document, const char* name, bool otherwise) {
  const Json* found = member(document, name);
  return found != nullptr && found->is_boolean() ? found->get<bool>() : otherwise;
}

const Json& list_at(const Json& document, const char* name) {
  static const Json none = Json::array();
  const Json* found = member(document, name);
  return found != nullptr && found->is_array() ? *found : none;
}

const std::string& RunView::step_name(int step) const {
  static const std::string unknown;
  for (const Step& each : steps) {
    if (each.step == step) return each.name;
  }
  return unknown;
}

std::string RunView::what() const {
  std::string out = application.empty() ? package.substr(0, 12) : application;
  if (!version.empty()) out += ' ' + version;
  return out;
}

RunView read_view(const Json& document) {
  RunView view;
  const Json* run = member(document, "run");
  const Json& row = run != nullptr ? *run : document;
  view.id = text_at(row, "id");
  view.kind = text_at(row, "kind");
  view.application = text_at(row, "application");
  view.version = text_at(row, "version");
  view.environment = text_at(row, "environment");
  view.package = text_at(row, "package");
  view.of = text_at(row, "of");
  view.actor = text_at(row, "actor");
  view.reason = text_at(row, "reason");
  view.state = text_at(row, "state");
  view.outcome = text_at(row, "outcome");
  view.exit_code = static_cast<int>(number_at(row, "exit_code", -1));
  view.created_ms = number_at(row, "created_ms");
  view.ended_ms = number_at(row, "ended_ms");
  view.phase = text_at(document, "phase");
  view.batches = list_at(document, "batches").size();
  for (const Json& step : list_at(document, "steps")) {
    view.steps.push_back({static_cast<int>(number_at(step, "step")), text_at(step, "name"), text_at(step, "action")});
  }
  for (const Json& host : list_at(document, "hosts")) view.hosts.push_back(read_host(host));
  for (const Json& leg : list_at(document, "legs")) {
    const auto count = [&](const char* name) {
      return static_cast<std::size_t>(std::max<std::int64_t>(number_at(leg, name), 0));
    };
    view.legs.push_back({static_cast<int>(number_at(leg, "part")), text_at(leg, "what"), text_at(leg, "kind"),
                         text_at(leg, "run"), text_at(leg, "outcome"),
                         static_cast<int>(number_at(leg, "exit_code", -1)), count("steps"), count("hosts")});
  }
  for (const Json& host : list_at(document, "standing")) {
    RunView::Standing on{text_at(host, "name"), text_at(host, "reach"), text_at(host, "note"), {}};
    for (const Json& step : list_at(host, "steps")) {
      const Json* differences = member(step, "differences");
      on.steps.push_back({static_cast<int>(number_at(step, "step")), text_at(step, "name"), text_at(step, "note"),
                          text_at(step, "token"), text_at(step, "snapshot"), flag_at(step, "copy"),
                          differences != nullptr && differences->is_array(), texts_at(step, "differences")});
    }
    view.standing.push_back(std::move(on));
  }
  view.differences = texts_at(document, "differences");
  view.next = texts_at(document, "next");
  return view;
}

EventView read_event(const Json& document) {
  EventView event;
  event.seq = static_cast<std::uint64_t>(number_at(document, "seq"));
  event.at_ms = number_at(document, "at_ms");
  event.type = text_at(document, "type");
  event.run = text_at(document, "run");
  event.host = text_at(document, "host");
  event.step = static_cast<int>(number_at(document, "step"));
  event.ok = flag_at(document, "ok", true);
  event.rc = static_cast<int>(number_at(document, "rc"));
  event.digest = text_at(document, "digest");
  event.note = text_at(document, "note");
  return event;
}

}  // namespace belay::cli
