// A run as the daemon shows it (the view document of docs/api.md), read into plain values whose texts are safe to
// print.
//
// The client keeps no state machine of its own: whenever something happens it reads the view again. Pure; total over
// all documents: what is missing stays empty.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace belay::cli {

using Json = nlohmann::ordered_json;

struct StepView {
  int step = 0;
  std::string phase;  // planned, skipped, applying, applied, committed, restoring, proven, …
  std::string note;
};

struct HostView {
  std::string name;
  int batch = 0;
  std::string state;  // waiting, ready, working, done, going-back, back, lost, failed, needs-operator
  std::string note;
  std::vector<StepView> steps;
};

struct RunView {
  std::string id;
  std::string kind;
  std::string application;
  std::string version;
  std::string environment;
  std::string package;
  std::string of;
  std::string actor;
  std::string reason;
  std::string state;
  std::string outcome;
  int exit_code = -1;
  std::int64_t created_ms = 0;
  std::int64_t ended_ms = 0;
  std::string phase;
  std::size_t batches = 0;
  struct Step {
    int step = 0;
    std::string name;
    std::string action;
  };
  std::vector<Step> steps;
  std::vector<HostView> hosts;
  // A part of a rehearsal, which is a run of its own, and what it did: steps and hosts that were deployed and stood, or
  // were put back and proven.
  struct Leg {
    int part = 0;
    std::string what;
    std::string kind;
    std::string run;
    std::string outcome;
    int exit_code = -1;
    std::size_t steps = 0;
    std::size_t hosts = 0;
  };
  std::vector<Leg> legs;
  // A step that is not proven to be back, where a person has to put it right.
  struct Stands {
    int step = 0;
    std::string name;
    std::string note;
    std::string token;     // empty: not known
    std::string snapshot;  // its directory on the host
    bool copy = false;     // the daemon holds a sealed copy of it
    bool looked = false;   // whether `differences` is known
    std::vector<std::string> differences;
  };
  struct Standing {
    std::string host;
    std::string reach;  // a command; empty: the daemon's own machine
    std::string note;
    std::vector<Stands> steps;
  };
  std::vector<Standing> standing;
  std::vector<std::string> differences;
  std::vector<std::string> next;

  [[nodiscard]] bool ended() const { return exit_code >= 0 || (!state.empty() && state != "running"); }
  // "Configure", or "" for a step that is not known (yet).
  [[nodiscard]] const std::string& step_name(int step) const;
  // "permits-portal 1.2", or what is known of it.
  [[nodiscard]] std::string what() const;
};

[[nodiscard]] RunView read_view(const Json& document);

// One event of the stream.
struct EventView {
  std::uint64_t seq = 0;
  std::int64_t at_ms = 0;
  std::string type;
  std::string run;
  std::string host;
  int step = 0;
  bool ok = true;
  int rc = 0;
  std::string digest;
  std::string note;
};

[[nodiscard]] EventView read_event(const Json& document);

// Members of a document, made safe to print; empty or 0 when missing or of another type.
[[nodiscard]] std::string text_at(const Json& document, const char* name);
[[nodiscard]] std::int64_t number_at(const Json& document, const char* name, std::int64_t otherwise = 0);
[[nodiscard]] bool flag_at(const Json& document, const char* name, bool otherwise = false);
// A list member; an empty list when there is none.
[[nodiscard]] const Json& list_at(const Json& document, const char* name);

}  // namespace belay::cli
