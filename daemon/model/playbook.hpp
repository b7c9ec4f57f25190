// Playbook and StepSpec: the plan as it is written in playbook.yaml, before hosts, variables and order are resolved.
//
// Plain values; `{{ name }}` stands in strings exactly as written (template.hpp replaces it when a plan is made). Times
// are whole seconds, 0 means "not given". Places point into playbook.yaml.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/value.hpp"

namespace belay {

struct StepSpec {
  std::string name;                   // unique in the playbook
  std::string action;                 // the one key that is not a step key
  Value params = Value::empty_map();  // the action's parameters; always a map
  std::optional<std::string> hosts;   // narrows the playbook's hosts
  std::string when;                   // expression on facts and registered values; empty = always
  std::string register_as;
  int retries = 0;
  int delay_seconds = 0;
  int timeout_seconds = 0;
  bool run_once = false;
  std::vector<std::string> tags;
  // What the step touches beyond what its action declares. Absent and empty differ: `touches: []` is the promise that
  // it touches nothing. The `command` action takes touches, undo and irreversible among its parameters or beside them;
  // the reader makes both places agree, so these fields and `params` always say the same.
  std::optional<std::vector<std::string>> touches;
  std::optional<Value> undo;    // a command line: text (split by simple quoting) or a list of words
  std::optional<Value> verify;  // likewise; must succeed after the step
  bool irreversible = false;
  std::optional<bool> become;
  Place place;         // the step
  Place action_place;  // the action's key
};

// One entry of `serial`: `count` hosts, or `count` percent of them (1–100).
struct BatchSize {
  int count = 0;
  bool percent = false;

  bool operator==(const BatchSize&) const = default;
};

struct Playbook {
  std::string application;
  std::string description;
  std::string hosts;                  // a group or host pattern of the inventory
  std::vector<BatchSize> serial;      // empty = all hosts at once; the last entry repeats
  std::map<std::string, Value> vars;  // declared variables and their defaults; null = must be given by the environment
  std::optional<bool> become;
  std::vector<StepSpec> steps;
  Place place;
};

}  // namespace belay
