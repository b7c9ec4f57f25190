#include "daemon/wire/run_document.hpp"

namespace belay::wire {

nlohmann::ordered_json run_document(const RunRow& row) {
  return {{"id", row.id},
          {"kind", to_string(row.kind)},
          {"application", row.application},
          {"version", row.version},
          {"environment", row.environment},
          {"package", row.package},
          {"plan", row.plan},
          {"of", row.of},
          {"actor", row.actor},
          {"reason", row.reason},
          {"state", row.state},
          {"outcome", row.outcome},
          {"exit_code", row.exit_code},
          {"created_ms", row.created_ms},
          {"ended_ms", row.ended_ms}};
}

}  // namespace belay::wire
