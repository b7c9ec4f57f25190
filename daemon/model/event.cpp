#include "daemon/model/event.hpp"

#include <array>
#include <utility>

namespace belay {
namespace {

constexpr std::array names{
    std::pair{EventType::run_created, std::string_view("run-created")},
    std::pair{EventType::run_planned, std::string_view("run-planned")},
    std::pair{EventType::run_started, std::string_view("run-started")},
    std::pair{EventType::run_abort, std::string_view("run-abort")},
    std::pair{EventType::run_back, std::string_view("run-back")},
    std::pair{EventType::run_ended, std::string_view("run-ended")},
    std::pair{EventType::leg_started, std::string_view("leg-started")},
    std::pair{EventType::leg_ended, std::string_view("leg-ended")},
    std::pair{EventType::host_fenced, std::string_view("host-fenced")},
    std::pair{EventType::host_ready, std::string_view("host-ready")},
    std::pair{EventType::host_staged, std::string_view("host-staged")},
    std::pair{EventType::host_lost, std::string_view("host-lost")},
    std::pair{EventType::host_cut, std::string_view("host-cut")},
    std::pair{EventType::host_failed, std::string_view("host-failed")},
    std::pair{EventType::host_settled, std::string_view("host-settled")},
    std::pair{EventType::host_final, std::string_view("host-final")},
    std::pair{EventType::skipped, std::string_view("skipped")},
    std::pair{EventType::snap_intent, std::string_view("snap-intent")},
    std::pair{EventType::snap_copied, std::string_view("snap-copied")},
    std::pair{EventType::snap_done, std::string_view("snap-done")},
    std::pair{EventType::armed, std::string_view("armed")},
    std::pair{EventType::apply_intent, std::string_view("apply-intent")},
    std::pair{EventType::apply_done, std::string_view("apply-done")},
    std::pair{EventType::verify_done, std::string_view("verify-done")},
    std::pair{EventType::commit_intent, std::string_view("commit-intent")},
    std::pair{EventType::committed, std::string_view("committed")},
    std::pair{EventType::probed, std::string_view("probed")},
    std::pair{EventType::rb_intent, std::string_view("rollback-intent")},
    std::pair{EventType::restored, std::string_view("restored")},
    std::pair{EventType::rb_proven, std::string_view("rollback-proven")},
    std::pair{EventType::needs_operator, std::string_view("needs-operator")},
};

}  // namespace

std::string_view to_string(EventType type) {
  for (const auto& [value, name] : names)
    if (value == type) return name;
  return "?";
}

std::optional<EventType> event_type(std::string_view name) {
  for (const auto& [value, text] : names)
    if (text == name) return value;
  return std::nullopt;
}

}  // namespace belay
